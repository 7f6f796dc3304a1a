#include "pongs.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace bench {

std::string_view pongs_for(std::size_t bytes) {
  constexpr std::size_t pong_bytes = 7;
  constexpr std::size_t ping_bytes = 14;
  constexpr std::size_t most = 1024;
  static const std::string pongs = [] {
    std::string all;
    for (std::size_t i = 0; i < most; ++i) all += "+PONG\r\n";
    return all;
  }();
  return std::string_view(pongs).substr(0, pong_bytes * std::min(most, bytes / ping_bytes));
}

int listen_on(std::uint16_t port) {
  constexpr int backlog = 511;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (listener < 0 || ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, backlog) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen on port " + std::to_string(port));
  }
  return listener;
}

void send_at_once(int socket) {
  const int on = 1;
  static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

}  // namespace bench
