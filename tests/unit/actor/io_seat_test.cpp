// Attacks: whoever has nothing to do waits for sockets, so they are served while other workers compute, and with one
// worker; an actor with a thread of its own is served whatever the workers do; and a system that is idle, though its
// connections are open, wakes nobody.
#include "understudy/actor/system.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include <sys/resource.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

namespace understudy {
namespace {

Task<> echo(std::unique_ptr<Connection> connection) {
  std::array<char, 256> buffer{};
  for (;;) {
    const Result<std::size_t> count = co_await connection->read_some(buffer);
    if (!count || *count == 0) co_return;
    const Result<void> written = co_await connection->write_all({buffer.data(), *count});
    if (!written) co_return;
  }
}

Task<> serve(Listener& listener, TaskGroup& sessions) {
  for (;;) {
    Result<std::unique_ptr<Connection>> connection = co_await listener.accept();
    if (!connection) co_return;
    sessions.spawn(echo(std::move(*connection)));
  }
}

/// A client that makes a round trip every now and then until it is told to stop; counts them.
Task<> client(Network& network, std::uint16_t port, std::atomic<bool>& stop, std::atomic<int>& trips) {
  Result<std::unique_ptr<Connection>> connection = co_await network.connect("127.0.0.1", port);
  if (!connection) co_return;
  std::array<char, 256> buffer{};
  while (!stop) {
    const Result<void> written = co_await (*connection)->write_all("ping");
    const Result<std::size_t> count = co_await (*connection)->read_some(buffer);
    if (!written || !count || *count == 0) co_return;
    ++trips;
  }
}

class EchoServer {
 public:
  explicit EchoServer(System& system)
      : system_(system), sessions_(system), listener_(system.network().listen("127.0.0.1", 0).value()) {
    sessions_.spawn(serve(*listener_, sessions_));
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  ~EchoServer() {
    sessions_.cancel();
    EXPECT_TRUE(wait(system_, sessions_.join())) << "its tasks use the listener";
  }
  [[nodiscard]] std::uint16_t port() const { return listener_->port(); }

 private:
  System& system_;
  TaskGroup sessions_;
  std::unique_ptr<Listener> listener_;
};

TEST(IoSeat, SocketsAreServedWhileAWorkerComputes) {
  System system({.workers = 2});
  const EchoServer server(system);
  std::atomic<bool> stop = false;
  std::atomic<int> trips = 0;
  std::atomic<bool> spinning = false;
  TaskGroup clients(system);
  for (int i = 0; i < 4; ++i) clients.spawn(client(system.network(), server.port(), stop, trips));
  clients.spawn([](std::atomic<bool>& running, std::atomic<bool>& end) -> Task<> {
    running = true;
    while (!end) std::this_thread::yield();  // Holds its worker, as a long computation does.
    co_return;
  }(spinning, stop));
  while (!spinning) std::this_thread::yield();
  const int before = trips;
  while (trips < before + 500) std::this_thread::yield();  // Never, if nobody waited for sockets.
  stop = true;
  EXPECT_TRUE(wait(system, clients.join()));
}

TEST(IoSeat, OneWorkerServesSocketsAndEverythingElse) {
  System system({.workers = 1});
  const EchoServer server(system);
  std::atomic<bool> stop = false;
  std::atomic<int> trips = 0;
  TaskGroup tasks(system);
  for (int i = 0; i < 4; ++i) tasks.spawn(client(system.network(), server.port(), stop, trips));
  // Never idle: sockets must be looked after all the same.
  tasks.spawn([](std::atomic<bool>& end) -> Task<> {
    while (!end) co_await yield();
  }(stop));
  while (trips < 500) std::this_thread::yield();
  stop = true;
  EXPECT_TRUE(wait(system, tasks.join()));
}

struct Serve {
  std::unique_ptr<Listener> listener;
};
Task<> serves_one(Mailbox<Serve>& inbox) {
  while (auto order = co_await inbox.receive()) {
    Result<std::unique_ptr<Connection>> connection = co_await order->listener->accept();
    if (connection) co_await echo(std::move(*connection));
  }
}

struct Restless {
  std::atomic<bool>* stop;
};
Task<> sleeps(Mailbox<Restless>& inbox) {
  while (auto order = co_await inbox.receive()) {
    while (!*order->stop) co_await sleep(std::chrono::microseconds(200));
  }
}

/// A round trip of a client that knows nothing of the system, and waits for its answer for ever.
void round_trip(boost::asio::ip::tcp::socket& socket) {
  std::array<char, 4> answer{};
  boost::asio::write(socket, boost::asio::buffer("ping", answer.size()));
  boost::asio::read(socket, boost::asio::buffer(answer));
}

TEST(IoSeat, AThreadOfItsOwnIsServedWhileTheOnlyWorkerComputes) {
  for (const bool socket_first : {true, false}) {
    SCOPED_TRACE(socket_first ? "the worker leaves its seat to compute" : "the socket comes when it computes");
    std::atomic<bool> spinning = false;
    std::atomic<bool> stop = false;
    System system({.workers = 1});  // Ends before what its actors look at.
    const Address<Serve> server = system.spawn("server", serves_one, {.placement = Placement::own_thread()});
    boost::asio::io_context loop;
    boost::asio::ip::tcp::socket socket(loop);
    const auto connect = [&] {
      std::unique_ptr<Listener> listener = system.network().listen("127.0.0.1", 0).value();
      const std::uint16_t port = listener->port();
      ASSERT_TRUE(server.try_tell(Serve{std::move(listener)}));
      socket.connect({boost::asio::ip::address_v4::loopback(), port});
      round_trip(socket);
    };
    if (socket_first) connect();
    TaskGroup tasks(system);
    tasks.spawn([](std::atomic<bool>& running, std::atomic<bool>& end) -> Task<> {
      running = true;
      while (!end) std::this_thread::yield();
      co_return;
    }(spinning, stop));
    // Another comes and goes meanwhile, and looks after no socket.
    const Address<Restless> restless = system.spawn("restless", sleeps, {.placement = Placement::own_thread()});
    ASSERT_TRUE(restless.try_tell(Restless{&stop}));
    while (!spinning) std::this_thread::yield();
    if (!socket_first) connect();
    for (int i = 0; i < 20; ++i) round_trip(socket);
    stop = true;
    EXPECT_TRUE(wait(system, tasks.join()));
    socket.close();
  }
}

/// Real time, without a timer of the system: that nothing happens meanwhile is what is tested.
void let_pass(std::chrono::milliseconds time) { std::promise<void>().get_future().wait_for(time); }

TEST(IoSeat, AnIdleSystemWithOpenConnectionsWakesNobody) {
  System system({.workers = 2});
  const EchoServer server(system);
  std::atomic<bool> stop = false;
  std::atomic<int> trips = 0;
  TaskGroup clients(system);
  for (int i = 0; i < 4; ++i) clients.spawn(client(system.network(), server.port(), stop, trips));
  while (trips < 100) std::this_thread::yield();
  stop = true;
  EXPECT_TRUE(wait(system, clients.join()));
  // Four sessions and a listener still wait for their sockets.
  const auto switches = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw;
  };
  let_pass(std::chrono::milliseconds(50));  // What was under way comes to rest.
  const long before = switches();
  let_pass(std::chrono::milliseconds(400));
  EXPECT_LT(switches() - before, 40) << "the guard alone would wake 200 times";
}

}  // namespace
}  // namespace understudy
