// Reads and writes are tried at once, on the worker that runs the session, without a detour; only a socket that is not
// ready is handed to the control thread, which waits for all of them in one epoll.
#include "runtime/asio_network.hpp"

#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/turn.hpp"
#include "understudy/runtime/sleep.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

namespace understudy::detail {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

bool would_block(const error_code& error) noexcept {
  return error == boost::asio::error::would_block || error == boost::asio::error::try_again;
}

std::unexpected<Error> network_failure(std::string_view what, const error_code& error) {
  return failure(ErrorCode::storage_failed, fmt::format("{}: {}", what, error.message()));
}

template <typename Socket>
auto when_ready(Socket& socket, typename Socket::wait_type direction) {
  struct Waiter {
    explicit Waiter(std::shared_ptr<Event> event) : readiness(std::move(event)) {}
    std::shared_ptr<Event> readiness;  // Shared with the handler that sets it: the coroutine may be destroyed first.
    [[nodiscard]] bool await_ready() const noexcept { return readiness->await_ready(); }
    bool await_suspend(std::coroutine_handle<> awaiting) const noexcept { return readiness->await_suspend(awaiting); }
    void await_resume() const noexcept {}
  };
  auto readiness = std::make_shared<Event>(Wait::Kind::socket);
  socket.async_wait(direction, [readiness](const error_code&) { readiness->set(); });
  return Waiter(std::move(readiness));
}

class AsioConnection final : public Connection {
 public:
  explicit AsioConnection(tcp::socket socket) : socket_(std::move(socket)) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
    const tcp::endpoint remote = socket_.remote_endpoint(ignored);
    peer_ = remote.address().is_v6() ? fmt::format("[{}]:{}", remote.address().to_string(), remote.port())
                                     : fmt::format("{}:{}", remote.address().to_string(), remote.port());
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    if (turn_is_over()) co_await yield();
    for (;;) {
      error_code error;
      const std::size_t count = socket_.read_some(boost::asio::buffer(into.data(), into.size()), error);
      if (!error) co_return count;
      if (error == boost::asio::error::eof) co_return std::size_t{0};
      if (!would_block(error)) co_return network_failure("read from " + peer_, error);
      co_await when_ready(socket_, tcp::socket::wait_read);
    }
  }

  Task<Result<void>> write_all(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (turn_is_over()) co_await yield();
      error_code error;
      const std::size_t count = socket_.write_some(boost::asio::buffer(bytes.data(), bytes.size()), error);
      bytes.remove_prefix(count);
      if (!error) continue;
      if (!would_block(error)) co_return network_failure("write to " + peer_, error);
      co_await when_ready(socket_, tcp::socket::wait_write);
    }
    co_return Result<void>{};
  }

  [[nodiscard]] std::string peer() const override { return peer_; }

 private:
  tcp::socket socket_;
  std::string peer_;
};

class AsioListener final : public Listener {
 public:
  explicit AsioListener(tcp::acceptor acceptor) : acceptor_(std::move(acceptor)) {
    error_code ignored;
    acceptor_.non_blocking(true, ignored);
  }

  Task<Result<std::unique_ptr<Connection>>> accept() override {
    if (turn_is_over()) co_await yield();
    for (;;) {
      error_code error;
      tcp::socket socket(acceptor_.get_executor());
      acceptor_.accept(socket, error);
      if (!error) co_return std::make_unique<AsioConnection>(std::move(socket));
      if (!would_block(error)) co_return network_failure("accept a connection", error);
      co_await when_ready(acceptor_, tcp::acceptor::wait_read);
    }
  }

  [[nodiscard]] std::uint16_t port() const override {
    error_code ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

 private:
  tcp::acceptor acceptor_;
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
  explicit AsioNetwork(boost::asio::io_context& context) : context_(context) {}

  Result<std::unique_ptr<Listener>> listen(std::string_view address, std::uint16_t port) override {
    const Result<tcp::endpoint> endpoint = parse_endpoint(address, port);
    if (!endpoint) return std::unexpected(endpoint.error());
    const std::string what = fmt::format("listen on {} port {}", address, port);
    error_code error;
    tcp::acceptor acceptor(context_);
    acceptor.open(endpoint->protocol(), error);
    if (error) return network_failure(what, error);
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    acceptor.bind(*endpoint, error);
    if (error) return network_failure(what, error);
    acceptor.listen(511, error);
    if (error) return network_failure(what, error);
    return std::make_unique<AsioListener>(std::move(acceptor));
  }

  Task<Result<std::unique_ptr<Connection>>> connect(std::string address, std::uint16_t port) override {
    const Result<tcp::endpoint> endpoint = parse_endpoint(address, port);
    if (!endpoint) co_return std::unexpected(endpoint.error());
    if (turn_is_over()) co_await yield();
    const std::string what = fmt::format("connect to {} port {}", address, port);
    error_code error;
    tcp::socket socket(context_);
    socket.open(endpoint->protocol(), error);
    if (error) co_return network_failure(what, error);
    socket.non_blocking(true, error);
    socket.connect(*endpoint, error);
    if (error == boost::asio::error::in_progress || would_block(error)) {
      co_await when_ready(socket, tcp::socket::wait_write);
      int pending = 0;
      socklen_t size = sizeof pending;
      ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &pending, &size);
      error = error_code(pending, boost::system::system_category());
    }
    if (error) co_return network_failure(what, error);
    co_return std::make_unique<AsioConnection>(std::move(socket));
  }

 private:
  boost::asio::io_context& context_;
};

}  // namespace

std::unique_ptr<Network> make_asio_network(boost::asio::io_context& context) {
  return std::make_unique<AsioNetwork>(context);
}

}  // namespace understudy::detail
