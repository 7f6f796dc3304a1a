// What both servers do with what they have read: they answer +PONG to each PING, and do nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

/// Answers to as many PINGs (`*1\r\n$4\r\nPING\r\n`) as are whole in `bytes` bytes, 1,024 at most.
[[nodiscard]] std::string_view pongs_for(std::size_t bytes);

/// A socket that listens on this machine's loopback. Throws std::system_error.
[[nodiscard]] int listen_on(std::uint16_t port);
/// Sends at once what there is to send.
void send_at_once(int socket);

/// How much is read at once.
constexpr std::size_t read_bytes = std::size_t{16} * 1024;

}  // namespace bench
