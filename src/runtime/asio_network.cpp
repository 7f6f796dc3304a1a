// Reads and writes are tried at once, on the worker that runs the session, without a detour; only a socket that is not
// ready is waited for by whoever sits in the seat (io_seat.hpp), for all of them in one epoll.
#include "runtime/asio_network.hpp"

#include "runtime/asio_socket_file.hpp"
#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/turn.hpp"
#include "understudy/runtime/sleep.hpp"

#include <algorithm>
#include <optional>
#include <type_traits>

#include <netinet/tcp.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fmt/format.h>

namespace understudy::detail {
namespace {

using boost::asio::ip::tcp;
using file_stream = boost::asio::local::stream_protocol;
using boost::system::error_code;

bool would_block(const error_code& error) noexcept {
  return error == boost::asio::error::would_block || error == boost::asio::error::try_again;
}

std::unexpected<Error> network_failure(std::string_view what, const error_code& error) {
  return failure(ErrorCode::storage_failed, fmt::format("{}: {}", what, error.message()));
}

template <typename Socket>
auto when_ready(SocketWaits& sockets, Socket& socket, typename Socket::wait_type direction) {
  struct Waiter {
    explicit Waiter(std::shared_ptr<Event> event) : readiness(std::move(event)) {}
    std::shared_ptr<Event> readiness;  // Shared with the handler that sets it: the coroutine may be destroyed first.
    [[nodiscard]] bool await_ready() const noexcept { return readiness->await_ready(); }
    bool await_suspend(std::coroutine_handle<> awaiting) const noexcept { return readiness->await_suspend(awaiting); }
    void await_resume() const noexcept {}
  };
  auto readiness = std::make_shared<Event>(Wait::Kind::socket);
  sockets.count.fetch_add(1, std::memory_order_relaxed);
  socket.async_wait(direction, [readiness, &sockets](const error_code&) {
    sockets.count.fetch_sub(1, std::memory_order_relaxed);
    readiness->set();
  });
  return Waiter(std::move(readiness));
}

std::string describe(const tcp::endpoint& end) {
  return fmt::format(fmt::runtime(end.address().is_v6() ? "[{}]:{}" : "{}:{}"), end.address().to_string(), end.port());
}

bool is_loopback(const boost::asio::ip::address& address) {
  if (address.is_v4() || address.is_loopback()) return address.is_loopback();
  const auto v6 = address.to_v6();
  return v6.is_v4_mapped() && boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6).is_loopback();
}

/// What a connection's two ends are called; made once, since the names of one that broke are lost.
struct Ends {
  std::string peer;
  std::string local;
  bool on_this_machine = true;
};

Ends ends_of(const tcp::socket& socket) {
  error_code ignored;
  const tcp::endpoint remote = socket.remote_endpoint(ignored);
  return {.peer = describe(remote),
          .local = describe(socket.local_endpoint(ignored)),
          .on_this_machine = is_loopback(remote.address())};
}

template <typename Socket>
class AsioConnection final : public Connection {
 public:
  AsioConnection(SocketWaits& sockets, Socket socket, Ends ends)
      : sockets_(sockets), socket_(std::move(socket)), ends_(std::move(ends)) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    if constexpr (std::is_same_v<Socket, tcp::socket>) socket_.set_option(tcp::no_delay(true), ignored);
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    if (turn_is_over()) co_await yield();
    for (;;) {
      const std::optional<Result<std::size_t>> count = try_to_read(into);
      if (count) co_return *count;
      co_await when_ready(sockets_, socket_, Socket::wait_read);
    }
  }

  Task<Result<std::size_t>> read_when_ready(ReadRoom& room) override {
    if (turn_is_over()) co_await yield();
    for (;;) {
      // Tried first: under load the next request is often there already, and a wait costs a system call more.
      const std::optional<Result<std::size_t>> count = try_to_read(room.room());
      if (count) co_return *count;
      room.give_back();
      co_await when_ready(sockets_, socket_, Socket::wait_read);
    }
  }

  Task<Result<void>> write_all(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (turn_is_over()) co_await yield();
      error_code error;
      const std::size_t count = socket_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), error);
      bytes.remove_prefix(count);
      if (!error) continue;
      if (!would_block(error)) co_return network_failure("write to " + ends_.peer, error);
      co_await when_ready(sockets_, socket_, Socket::wait_write);
    }
    co_return Result<void>{};
  }

  std::size_t try_write(std::string_view bytes) noexcept override {
    error_code ignored;
    return socket_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), ignored);
  }

  [[nodiscard]] std::string peer() const override { return ends_.peer; }
  [[nodiscard]] std::string local() const override { return ends_.local; }
  [[nodiscard]] bool peer_is_on_this_machine() const override { return ends_.on_this_machine; }
  void shut_down() noexcept override { ::shutdown(socket_.native_handle(), SHUT_RDWR); }

  void keep_alive(std::chrono::seconds silence) override {
    if constexpr (std::is_same_v<Socket, tcp::socket>) {
      // Asked three times, a third of the silence apart.
      using boost::asio::detail::socket_option::integer;
      const int idle = static_cast<int>(silence.count());
      error_code ignored;
      socket_.set_option(tcp::socket::keep_alive(idle > 0), ignored);
      if (idle <= 0) return;
      socket_.set_option(integer<IPPROTO_TCP, TCP_KEEPIDLE>(idle), ignored);
      socket_.set_option(integer<IPPROTO_TCP, TCP_KEEPINTVL>(std::max(1, idle / 3)), ignored);
      socket_.set_option(integer<IPPROTO_TCP, TCP_KEEPCNT>(3), ignored);
    }
  }

 private:
  /// Nothing: there is nothing to read yet.
  std::optional<Result<std::size_t>> try_to_read(std::span<char> into) {
    error_code error;
    const std::size_t count = socket_.read_some(boost::asio::buffer(into.data(), into.size()), error);
    if (!error) return count;
    if (error == boost::asio::error::eof) return std::size_t{0};
    if (!would_block(error)) return network_failure("read from " + ends_.peer, error);
    return std::nullopt;
  }

  SocketWaits& sockets_;
  Socket socket_;
  Ends ends_;
};

/// A listener of `Protocol`. It keeps nothing but its socket: what a name in the file system needs is in `file_`.
template <typename Protocol>
class AsioListener final : public Listener {
 public:
  using Acceptor = typename Protocol::acceptor;
  using Socket = typename Protocol::socket;

  AsioListener(SocketWaits& sockets, Acceptor acceptor, SocketFile file = {})
      : sockets_(sockets), acceptor_(std::move(acceptor)), file_(std::move(file)) {
    error_code ignored;
    acceptor_.non_blocking(true, ignored);
  }

  Task<Result<std::unique_ptr<Connection>>> accept() override {
    if (turn_is_over()) co_await yield();
    for (;;) {
      error_code error;
      Socket socket(acceptor_.get_executor());
      acceptor_.accept(socket, error);
      if (!error) co_return connection(std::move(socket));
      // The client has gone before it was accepted: no trouble of ours.
      if (error == boost::asio::error::connection_aborted) continue;
      if (!would_block(error)) co_return network_failure("accept a connection", error);
      co_await when_ready(sockets_, acceptor_, Acceptor::wait_read);
    }
  }

  [[nodiscard]] std::uint16_t port() const override {
    if constexpr (std::is_same_v<Protocol, tcp>) {
      error_code ignored;
      return acceptor_.local_endpoint(ignored).port();
    } else {
      return 0;
    }
  }

 private:
  std::unique_ptr<Connection> connection(Socket socket) {
    Ends ends;
    if constexpr (std::is_same_v<Protocol, tcp>) {
      ends = ends_of(socket);
    } else {
      ends.peer = ends.local = file_.path() + ":0";
    }
    return std::make_unique<AsioConnection<Socket>>(sockets_, std::move(socket), std::move(ends));
  }

  SocketWaits& sockets_;
  Acceptor acceptor_;
  SocketFile file_;
};

Result<tcp::endpoint> parse_endpoint(std::string_view address, std::uint16_t port) {
  error_code error;
  const auto parsed = boost::asio::ip::make_address(std::string(address), error);
  if (error) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("'{}' is not a numeric IP address such as 127.0.0.1 or ::1", address));
  }
  return tcp::endpoint(parsed, port);
}

class AsioNetwork final : public Network {
 public:
  explicit AsioNetwork(SocketWaits& sockets) : sockets_(sockets) {}

  Result<std::unique_ptr<Listener>> listen(std::string_view address, std::uint16_t port, int backlog) override {
    const Result<tcp::endpoint> endpoint = parse_endpoint(address, port);
    if (!endpoint) return std::unexpected(endpoint.error());
    const std::string what = fmt::format("listen on {} port {}", address, port);
    error_code error;
    tcp::acceptor acceptor(sockets_.context);
    acceptor.open(endpoint->protocol(), error);
    if (error) return network_failure(what, error);
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    // So that 0.0.0.0 and :: can have the same port.
    if (endpoint->address().is_v6()) acceptor.set_option(boost::asio::ip::v6_only(true), error);
    acceptor.bind(*endpoint, error);
    if (error) return network_failure(what, error);
    acceptor.listen(backlog, error);
    if (error) return network_failure(what, error);
    return std::make_unique<AsioListener<tcp>>(sockets_, std::move(acceptor));
  }

  Result<std::unique_ptr<Listener>> listen_on_file(std::string_view path, unsigned permissions, int backlog) override {
    const std::string what = fmt::format("listen on {}", path);
    error_code error;
    file_stream::acceptor acceptor(sockets_.context);
    acceptor.open(file_stream(), error);
    if (error) return network_failure(what, error);
    Result<SocketFile> file = SocketFile::bind(acceptor.native_handle(), path, permissions);
    if (!file) return std::unexpected(file.error());
    acceptor.listen(backlog, error);
    if (error) return network_failure(what, error);
    return std::make_unique<AsioListener<file_stream>>(sockets_, std::move(acceptor), *std::move(file));
  }

  Task<Result<std::unique_ptr<Connection>>> connect(std::string address, std::uint16_t port) override {
    const Result<tcp::endpoint> endpoint = parse_endpoint(address, port);
    if (!endpoint) co_return std::unexpected(endpoint.error());
    const std::string what = fmt::format("connect to {} port {}", address, port);
    tcp::socket socket(sockets_.context);
    Task<error_code> connecting = connect_socket(socket, *endpoint);
    const error_code error = co_await std::move(connecting);
    if (error) co_return network_failure(what, error);
    Ends ends = ends_of(socket);
    co_return std::make_unique<AsioConnection<tcp::socket>>(sockets_, std::move(socket), std::move(ends));
  }

  Task<Result<std::unique_ptr<Connection>>> connect_to_file(std::string path) override {
    const std::string what = fmt::format("connect to {}", path);
    if (path.size() > SocketFile::path_bytes_max) co_return failure(ErrorCode::invalid_argument, what + ": too long");
    file_stream::socket socket(sockets_.context);
    Task<error_code> connecting = connect_socket(socket, file_stream::endpoint(path));
    const error_code error = co_await std::move(connecting);
    if (error) co_return network_failure(what, error);
    Ends ends{.peer = path + ":0", .local = path + ":0"};
    co_return std::make_unique<AsioConnection<file_stream::socket>>(sockets_, std::move(socket), std::move(ends));
  }

 private:
  template <typename Socket>
  Task<error_code> connect_socket(Socket& socket, typename Socket::endpoint_type endpoint) {
    if (turn_is_over()) co_await yield();
    error_code error;
    socket.open(endpoint.protocol(), error);
    if (error) co_return error;
    socket.non_blocking(true, error);
    socket.connect(endpoint, error);
    if (error == boost::asio::error::in_progress || would_block(error)) {
      co_await when_ready(sockets_, socket, Socket::wait_write);
      int pending = 0;
      socklen_t size = sizeof pending;
      ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &pending, &size);
      error = error_code(pending, boost::system::system_category());
    }
    co_return error;
  }

  SocketWaits& sockets_;
};

}  // namespace

std::unique_ptr<Network> make_asio_network(SocketWaits& sockets) { return std::make_unique<AsioNetwork>(sockets); }

}  // namespace understudy::detail
