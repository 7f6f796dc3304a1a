// ServerContext: what the sessions of a server share.
#pragma once

#include "server/acl/acl.hpp"
#include "server/backend.hpp"
#include "server/clients.hpp"
#include "server/options.hpp"
#include "understudy/actor/system.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace understudy::server {

struct ServerContext {
  System& system;
  ServerOptions options;
  std::unique_ptr<Backend> store;
  std::uint16_t port = 0;  // The one it listens on.
  TimePoint started{};
  std::string run_id;  // 40 hexadecimal digits, new with each start.
  Acl acl;
  Clients clients;  // Behind the Acl: a client that ends is logged out.
};

}  // namespace understudy::server
