// Protected mode: a server without a password, that somebody has let listen beyond its own machine, serves this machine
// alone. It is the mistake that has cost most data.
#pragma once

#include "server/server_context.hpp"
#include "understudy/runtime/network.hpp"

#include <string_view>

namespace understudy::server {

[[nodiscard]] inline bool is_refused_by_protected_mode(const ServerContext& server, const Connection& connection) {
  return server.live.protected_mode() && server.acl.default_user_has_no_password() &&
         !connection.peer_is_on_this_machine();
}

/// Tools know it by its first words, which are those of Redis.
inline constexpr std::string_view protected_mode_refusal =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the "
    "default user. In this mode connections are only accepted from the loopback interface. To be reached from other "
    "machines, give the default user a password, or, where nobody but friends can reach the port, say 'CONFIG SET "
    "protected-mode no' from this machine or start the server with '--protected-mode no'.\r\n";

}  // namespace understudy::server
