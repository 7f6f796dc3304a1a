#include "pongs.hpp"
#include "ways.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

void add(int epoll, int socket, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

void answer(int socket) {
  static std::array<char, read_bytes> buffer;
  const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (count > 0) {
    const std::string_view pongs = pongs_for(static_cast<std::size_t>(count));
    static_cast<void>(::send(socket, pongs.data(), pongs.size(), MSG_NOSIGNAL));
  } else if (count == 0 || errno != EAGAIN) {
    ::close(socket);
  }
}

}  // namespace

void serve_by_epoll(int listener) {
  constexpr int events_at_once = 128;
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  add(epoll, listener, EPOLLIN);
  std::array<epoll_event, events_at_once> events{};
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), events_at_once, -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      if (event.data.fd != listener) {
        if ((event.events & (EPOLLIN | EPOLLRDHUP)) != 0) answer(event.data.fd);
        continue;
      }
      const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted < 0) continue;
      send_at_once(accepted);
      add(epoll, accepted, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
  }
}

}  // namespace bench
