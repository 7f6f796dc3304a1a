// Where clients come in: TCP ports, ports that speak TLS, and a socket in the file system, as the options say.
//
// Threads: pure function, but for the network.
#pragma once

#include "server/options.hpp"
#include "understudy/base/error.hpp"
#include "understudy/runtime/network.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace understudy::server {

struct OpenListener {
  std::unique_ptr<Listener> listener;
  bool speaks_tls = false;
};

struct Listeners {
  std::vector<OpenListener> all;
  std::uint16_t port = 0;      ///< 0: there is none.
  std::uint16_t tls_port = 0;  ///< Likewise.
  /// For people: "127.0.0.1:6379, [::1]:6379, tls 127.0.0.1:6380, unix /run/understudy.sock".
  std::string description;
};

/// Opens them all, or none. Fails with `invalid_argument` for what is no address, or if there would be none;
/// `storage_failed` for what cannot be had.
Result<Listeners> open_listeners(Network& network, const ServerOptions& options);

}  // namespace understudy::server
