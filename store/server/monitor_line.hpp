// What MONITOR shows of a command, and showing it.
//
// Threads: any.
#pragma once

#include "server/command.hpp"
#include "understudy/base/clock.hpp"

#include <string>
#include <string_view>

namespace understudy::server {

class Client;
struct ServerContext;

/// As a reply: "+1700000000.123456 [0 127.0.0.1:50000] "set" "key" "value"". Passwords are not shown.
[[nodiscard]] std::string monitor_line(const Command& command, Arguments arguments, std::string_view peer,
                                       WallTime now);
/// Shows a command of `client` to all who have sent MONITOR, unless it is one for administration.
void show_to_monitors(ServerContext& server, const Client& client, const Command& command, Arguments arguments);

}  // namespace understudy::server
