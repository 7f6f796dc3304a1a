#include "server/monitor_line.hpp"

#include "server/client.hpp"
#include "server/letters.hpp"
#include "server/server_context.hpp"

#include <chrono>
#include <iterator>

#include <fmt/format.h>

namespace understudy::server {
namespace {

void append_quoted(std::string& out, BytesView word) {
  out += '"';
  for (const char byte : word) {
    switch (byte) {
      case '\\':
      case '"':
        out += '\\';
        out += byte;
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\a':
        out += "\\a";
        break;
      case '\b':
        out += "\\b";
        break;
      default:
        if (byte >= ' ' && byte <= '~') {
          out += byte;
        } else {
          fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(byte));
        }
    }
  }
  out += '"';
}

/// All that AUTH is told; of HELLO, the two words behind the word AUTH.
bool is_secret(const Command& command, Arguments arguments, std::size_t index) {
  if (index == 0) return false;
  if (command.name != "hello") return command.name == "auth";
  return is_word(arguments[index - 1], "AUTH") || (index >= 2 && is_word(arguments[index - 2], "AUTH"));
}

}  // namespace

std::string monitor_line(const Command& command, Arguments arguments, std::string_view peer, WallTime now) {
  const std::int64_t milliseconds = now.time_since_epoch().count();
  std::string line = fmt::format("+{}.{:03}000 [0 {}]", milliseconds / 1000, milliseconds % 1000, peer);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    line += ' ';
    append_quoted(line, is_secret(command, arguments, i) ? BytesView("(redacted)") : arguments[i]);
  }
  line += "\r\n";
  return line;
}

void show_to_monitors(ServerContext& server, const Client& client, const Command& command, Arguments arguments) {
  if (!server.channels.has_monitors() || (command.flags & flag::admin) != 0) return;
  server.channels.show(monitor_line(command, arguments, client.facts().peer, server.system.clock().wall_now()));
}

}  // namespace understudy::server
