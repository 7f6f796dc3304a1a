// Reads and writes are made at once, on the worker that runs the session, without a detour; only a socket that is not
// ready is waited for by whoever looks at the poller (socket_poller.hpp), for all of them at once.
#include "runtime/socket_network.hpp"

#include "runtime/socket.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/socket_file.hpp"
#include "understudy/runtime/detail/turn.hpp"
#include "understudy/runtime/sleep.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace understudy::detail {
namespace {

/// From so much on, what is read may take longer to be worked off than it is worth a look at the clock.
constexpr ssize_t long_read_bytes = 1024;

constexpr int socket_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

/// After a call that ended with `error`: 0 if it is to be tried again once the socket is ready, else what went wrong. A
/// socket that could not be registered never becomes ready.
int reason_not_to_wait(const SocketPoller::Registration& registration, int error) noexcept {
  return would_block(error) ? registration.error() : error;
}

std::unexpected<Error> network_failure(std::string_view what, int error) {
  return failure(ErrorCode::storage_failed, fmt::format("{}: {}", what, std::generic_category().message(error)));
}

/// 0, or why it could not be set.
int set_option(const Socket& socket, int level, int name, int value) noexcept {
  return ::setsockopt(socket.handle(), level, name, &value, sizeof value) == 0 ? 0 : errno;
}

/// What a connection's two ends are called; made once, since the names of one that broke are lost.
struct Ends {
  std::string peer;
  std::string local;
  bool on_this_machine = true;
  bool is_file = false;
};

Ends ends_of(const Socket& socket) {
  const SocketAddress peer = SocketAddress::peer_of(socket.handle());
  return {.peer = peer.text(),
          .local = SocketAddress::local_of(socket.handle()).text(),
          .on_this_machine = peer.is_loopback()};
}
Ends ends_in(const std::string& path) {
  return {.peer = path + ":0", .local = path + ":0", .on_this_machine = true, .is_file = true};
}

class SocketConnection final : public Connection {
 public:
  SocketConnection(SocketPoller& poller, Socket socket, Ends ends)
      : socket_(std::move(socket)), registration_(poller, socket_.handle()), ends_(std::move(ends)) {
    if (!ends_.is_file) set_option(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    if (turn_is_over()) co_await yield();
    for (;;) {
      if (drained_) co_await registration_.ready_to(Direction::read);
      const std::optional<Result<std::size_t>> count = try_to_read(into);
      if (count) co_return *count;
    }
  }

  Task<Result<std::size_t>> read_when_ready(ReadRoom& room) override {
    if (turn_is_over()) co_await yield();
    for (;;) {
      if (drained_) {
        room.give_back();
        co_await registration_.ready_to(Direction::read);
      }
      const std::optional<Result<std::size_t>> count = try_to_read(room.room());
      if (count) co_return *count;
    }
  }

  Task<Result<void>> write_all(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (turn_is_over()) co_await yield();
      const ssize_t count = ::send(socket_.handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (const int error = reason_not_to_wait(registration_, errno); error == 0) {
        co_await registration_.ready_to(Direction::write);
      } else if (error != EINTR) {
        co_return network_failure("write to " + ends_.peer, error);
      }
    }
    co_return Result<void>{};
  }

  std::size_t try_write(std::string_view bytes) noexcept override {
    const ssize_t count = ::send(socket_.handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  [[nodiscard]] std::string peer() const override { return ends_.peer; }
  [[nodiscard]] std::string local() const override { return ends_.local; }
  [[nodiscard]] bool peer_is_on_this_machine() const override { return ends_.on_this_machine; }
  void shut_down() noexcept override { ::shutdown(socket_.handle(), SHUT_RDWR); }

  void keep_alive(std::chrono::seconds silence) override {
    if (ends_.is_file) return;
    // Asked three times, a third of the silence apart.
    const int idle = static_cast<int>(silence.count());
    set_option(socket_, SOL_SOCKET, SO_KEEPALIVE, idle > 0 ? 1 : 0);
    if (idle <= 0) return;
    set_option(socket_, IPPROTO_TCP, TCP_KEEPIDLE, idle);
    set_option(socket_, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, idle / 3));
    set_option(socket_, IPPROTO_TCP, TCP_KEEPCNT, 3);
  }

 private:
  /// Nothing: there is nothing to read yet.
  std::optional<Result<std::size_t>> try_to_read(std::span<char> into) {
    for (;;) {
      const ssize_t count = ::recv(socket_.handle(), into.data(), into.size(), 0);
      if (count < 0 && errno == EINTR) continue;
      // A read that had room for more has taken all there was: the kernel tells when there is something new, and to
      // ask before that would be a call for nothing.
      drained_ = count < 0 || static_cast<std::size_t>(count) < into.size();
      // What has come at once takes a while to be worked off: a step of the turn, but a long one.
      if (count >= long_read_bytes) look_at_the_clock(this_thread());
      if (count >= 0) return static_cast<std::size_t>(count);
      const int error = reason_not_to_wait(registration_, errno);
      if (error == 0) return std::nullopt;
      return network_failure("read from " + ends_.peer, error);
    }
  }

  Socket socket_;
  SocketPoller::Registration registration_;  // Ends before the socket.
  Ends ends_;
  bool drained_ = false;  // The reader's: there was no more when it last read.
};

class SocketListener final : public Listener {
 public:
  SocketListener(SocketPoller& poller, Socket socket, SocketFile file = {})
      : poller_(poller), socket_(std::move(socket)), registration_(poller, socket_.handle()), file_(std::move(file)) {}

  Task<Result<std::unique_ptr<Connection>>> accept() override {
    if (turn_is_over()) co_await yield();
    for (;;) {
      const int handle = ::accept4(socket_.handle(), nullptr, nullptr, socket_flags);
      if (handle >= 0) co_return connection(Socket(handle));
      const int error = reason_not_to_wait(registration_, errno);
      if (error == 0) {
        co_await registration_.ready_to(Direction::read);
      } else if (error != EINTR && error != ECONNABORTED) {  // A client that has gone already is no trouble of ours.
        co_return network_failure("accept a connection", error);
      }
    }
  }

  [[nodiscard]] std::uint16_t port() const override { return SocketAddress::local_of(socket_.handle()).port(); }

 private:
  std::unique_ptr<Connection> connection(Socket socket) {
    Ends ends = file_.path().empty() ? ends_of(socket) : ends_in(file_.path());
    return std::make_unique<SocketConnection>(poller_, std::move(socket), std::move(ends));
  }

  SocketPoller& poller_;
  Socket socket_;
  SocketPoller::Registration registration_;
  SocketFile file_;  // What a name in the file system needs.
};

class SocketNetwork final : public Network {
 public:
  explicit SocketNetwork(SocketPoller& poller) noexcept : poller_(poller) {}

  Result<std::unique_ptr<Listener>> listen(std::string_view address, std::uint16_t port, int backlog) override {
    const Result<SocketAddress> wanted = SocketAddress::parse(address, port);
    if (!wanted) return std::unexpected(wanted.error());
    const std::string what = fmt::format("listen on {} port {}", address, port);
    Socket socket(::socket(wanted->family(), SOCK_STREAM | socket_flags, 0));
    if (socket.handle() < 0) return network_failure(what, errno);
    int error = set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    // So that 0.0.0.0 and :: can have the same port.
    if (error == 0 && wanted->family() == AF_INET6) error = set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (error == 0 && ::bind(socket.handle(), wanted->data(), wanted->size()) != 0) error = errno;
    if (error == 0 && ::listen(socket.handle(), backlog) != 0) error = errno;
    if (error != 0) return network_failure(what, error);
    return std::make_unique<SocketListener>(poller_, std::move(socket));
  }

  Result<std::unique_ptr<Listener>> listen_on_file(std::string_view path, unsigned permissions, int backlog) override {
    const std::string what = fmt::format("listen on {}", path);
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | socket_flags, 0));
    if (socket.handle() < 0) return network_failure(what, errno);
    Result<SocketFile> file = SocketFile::bind(socket.handle(), path, permissions);
    if (!file) return std::unexpected(file.error());
    if (::listen(socket.handle(), backlog) != 0) return network_failure(what, errno);
    return std::make_unique<SocketListener>(poller_, std::move(socket), *std::move(file));
  }

  Task<Result<std::unique_ptr<Connection>>> connect(std::string address, std::uint16_t port) override {
    const Result<SocketAddress> wanted = SocketAddress::parse(address, port);
    if (!wanted) co_return std::unexpected(wanted.error());
    Socket socket(::socket(wanted->family(), SOCK_STREAM | socket_flags, 0));
    Task<int> connecting = connect_socket(socket, *wanted);
    const int error = co_await std::move(connecting);
    if (error != 0) co_return network_failure(fmt::format("connect to {} port {}", address, port), error);
    Ends ends = ends_of(socket);
    co_return std::make_unique<SocketConnection>(poller_, std::move(socket), std::move(ends));
  }

  Task<Result<std::unique_ptr<Connection>>> connect_to_file(std::string path) override {
    const std::string what = fmt::format("connect to {}", path);
    if (path.size() > SocketFile::path_bytes_max) co_return failure(ErrorCode::invalid_argument, what + ": too long");
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | socket_flags, 0));
    Task<int> connecting = connect_socket(socket, SocketAddress::of_file(path));
    const int error = co_await std::move(connecting);
    if (error != 0) co_return network_failure(what, error);
    Ends ends = ends_in(path);
    co_return std::make_unique<SocketConnection>(poller_, std::move(socket), std::move(ends));
  }

 private:
  /// 0, or what went wrong.
  Task<int> connect_socket(const Socket& socket, SocketAddress address) {
    if (turn_is_over()) co_await yield();
    if (socket.handle() < 0) co_return errno;
    if (::connect(socket.handle(), address.data(), address.size()) == 0) co_return 0;
    if (errno != EINPROGRESS) co_return errno;
    SocketPoller::Registration registration(poller_, socket.handle());
    for (;;) {
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(socket.handle(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0 || SocketAddress::peer_of(socket.handle()).family() != AF_UNSPEC) co_return error;
      if (registration.error() != 0) co_return registration.error();
      co_await registration.ready_to(Direction::write);
    }
  }

  SocketPoller& poller_;
};

}  // namespace

std::unique_ptr<Network> make_socket_network(SocketPoller& poller) { return std::make_unique<SocketNetwork>(poller); }

}  // namespace understudy::detail
