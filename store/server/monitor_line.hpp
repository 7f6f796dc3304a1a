// What MONITOR shows of a command.
//
// Threads: a pure function.
#pragma once

#include "server/command.hpp"
#include "understudy/base/clock.hpp"

#include <string>
#include <string_view>

namespace understudy::server {

/// As a reply: "+1700000000.123456 [0 127.0.0.1:50000] "set" "key" "value"". Passwords are not shown.
[[nodiscard]] std::string monitor_line(const Command& command, Arguments arguments, std::string_view peer,
                                       WallTime now);

}  // namespace understudy::server
