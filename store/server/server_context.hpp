// ServerContext: what the sessions of a server share.
#pragma once

#include "server/acl/acl.hpp"
#include "server/backend.hpp"
#include "server/background_saves.hpp"
#include "server/channels.hpp"
#include "server/clients.hpp"
#include "server/command_pause.hpp"
#include "server/live_settings.hpp"
#include "server/options.hpp"
#include "server/slow_log.hpp"
#include "server/tls/tls_identity.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/runtime/task_group.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace understudy::server {

struct ServerContext {
  System& system;
  ServerOptions options;
  std::unique_ptr<Backend> store;
  std::uint16_t port = 0;      // The one it listens on; 0: on none.
  std::uint16_t tls_port = 0;  // Likewise.
  TimePoint started{};
  WallTime started_at{};
  std::string run_id;  // 40 hexadecimal digits, new with each start.
  SlowLog slow_log;
  BackgroundSaves background_saves{};
  TaskGroup background;  // Behind what its tasks use. What was asked for, and nobody waits for.
  CommandPause pause{system};
  Channels channels;
  Acl acl;
  // Behind the channels and the Acl: a session that ends takes its subscriptions back, and is logged out.
  Clients clients;
  LiveSettings live{options};
  LiveSetting<std::uint64_t> commands_per_second{0};          // In the last second.
  LiveSetting<TimePoint> http_noted_until{TimePoint::min()};  // Until then no more is said of requests of HTTP.
  std::mutex configuring{};                                   // One CONFIG SET at a time.
  TlsIdentity tls{};                                          // Nothing unless there is a port for TLS.
};

}  // namespace understudy::server
