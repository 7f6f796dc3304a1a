// Sockets that end, fill up and come back, on real threads: what the poller has been told once must not be lost.
#include "runtime/socket_poller.hpp"

#include "understudy/actor/system.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"

#include <array>
#include <memory>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace understudy {
namespace {

/// A blocking client, beside the system.
class PlainClient {
 public:
  explicit PlainClient(std::uint16_t port) : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;
  ~PlainClient() { ::close(handle_); }

  [[nodiscard]] bool connected() const { return connected_; }
  void send(std::string_view bytes) const {
    EXPECT_EQ(::send(handle_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void end_sending() const { ::shutdown(handle_, SHUT_WR); }
  [[nodiscard]] std::string receive_all() const {
    std::string all;
    std::array<char, 65'536> piece{};
    for (ssize_t count = 0; (count = ::recv(handle_, piece.data(), piece.size(), 0)) > 0;) {
      all.append(piece.data(), static_cast<std::size_t>(count));
    }
    return all;
  }

 private:
  int handle_;
  bool connected_ = false;
};

Task<> echo(std::unique_ptr<Connection> connection) {
  std::array<char, 256> buffer{};
  for (;;) {
    Task<Result<std::size_t>> reading = connection->read_some(buffer);
    const Result<std::size_t> count = co_await std::move(reading);
    if (!count || *count == 0) co_return;
    Task<Result<void>> writing = connection->write_all({buffer.data(), *count});
    const Result<void> written = co_await std::move(writing);
    if (!written) co_return;
  }
}

Task<> serve(Listener& listener, TaskGroup& sessions) {
  for (;;) {
    Task<Result<std::unique_ptr<Connection>>> accepting = listener.accept();
    Result<std::unique_ptr<Connection>> connection = co_await std::move(accepting);
    if (connection) sessions.spawn(echo(std::move(*connection)));
  }
}

class SocketPollerTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  SocketPollerTest()
      : system({.workers = GetParam()}),
        sessions(system),
        accepting(system),
        listener(system.network().listen("127.0.0.1", 0).value()) {
    accepting.spawn(serve(*listener, sessions));
  }
  ~SocketPollerTest() override {
    accepting.cancel();
    (void)wait(system, accepting.join());
    (void)wait(system, sessions.join());
  }

  System system;
  TaskGroup sessions;
  TaskGroup accepting;
  std::unique_ptr<Listener> listener;
};
INSTANTIATE_TEST_SUITE_P(Workers, SocketPollerTest, testing::Values(1U, 2U));

TEST_P(SocketPollerTest, AnEndThatComesWithTheLastBytesIsNotLost) {
  for (int i = 0; i < 200; ++i) {
    const PlainClient client(listener->port());
    ASSERT_TRUE(client.connected());
    client.send("last words");
    client.end_sending();
    EXPECT_EQ(client.receive_all(), "last words");
  }
}

TEST_P(SocketPollerTest, PlacesAreUsedAgainAndNothingIsMixedUp) {
  for (int i = 0; i < 200; ++i) {
    const std::string text = std::to_string(i);
    const PlainClient one(listener->port());
    const PlainClient other(listener->port());
    one.send("one" + text);
    other.send("other" + text);
    other.end_sending();
    EXPECT_EQ(other.receive_all(), "other" + text);
    one.end_sending();
    EXPECT_EQ(one.receive_all(), "one" + text);
  }
}

TEST_P(SocketPollerTest, AWriterThatHadToWaitGoesOn) {
  const PlainClient client(listener->port());
  const std::string much(8'000'000, 'x');
  std::thread sender([&] {
    client.send(much);
    client.end_sending();
  });
  EXPECT_EQ(client.receive_all().size(), much.size());
  sender.join();
}

}  // namespace
}  // namespace understudy
