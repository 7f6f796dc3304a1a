// The server in a simulation: its network, its time and the order of its events are drawn from a seed.
#include "server/server.hpp"

#include "understudy/runtime/sleep.hpp"
#include "unit/server/server_fixture.hpp"

#include <array>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

INSTANTIATE_TEST_SUITE_P(Seeds, SeededServerTest, testing::Range<std::uint64_t>(1, 21));

TEST_P(SeededServerTest, AnswersInOrderWhateverTheCommandsAre) {
  start();
  std::string sent;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string number = std::to_string(i);
    sent += "SET k " + number + "\r\nGET k\r\n";
    expected += "+OK\r\n$" + std::to_string(number.size()) + "\r\n" + number + "\r\n";
    if (i % 7 == 0) {
      sent += "PING\r\nNOSUCH\r\nGET\r\n";
      expected +=
          "+PONG\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n"
          "-ERR wrong number of arguments for 'get' command\r\n";
    }
  }
  EXPECT_EQ(talk(sent + "QUIT\r\nSET k never\r\n"), expected + "+OK\r\n");
  EXPECT_EQ(*store_->data.get("k"), "299");
}

TEST_P(SeededServerTest, ServesManyAtOnce) {
  start();
  store_->delay = 1ms;
  constexpr std::size_t clients = 50;
  std::array<std::string, clients> received;
  {
    System& system = simulation_.system();
    TaskGroup group(system);
    for (std::string& each : received) {
      group.spawn(converse_into(each, system.network(), server_->port(), "INCR n\r\nINCR n\r\nQUIT\r\n", everything));
    }
    (void)wait(system, group.join());
  }
  EXPECT_EQ(*store_->data.get("n"), "100");
  for (const std::string& each : received) EXPECT_TRUE(each.ends_with("+OK\r\n")) << each;
  EXPECT_EQ(server_->totals().accepted, clients);
}

TEST_P(SeededServerTest, StopAnswersWhatWasReceived) {
  start();
  store_->delay = 20ms;
  System& system = simulation_.system();
  std::string busy;
  std::string idle;
  TaskGroup group(system);
  group.spawn(converse_into(busy, system.network(), server_->port(), "SET k 1\r\nSET k 2\r\n", everything));
  group.spawn(converse_into(idle, system.network(), server_->port(), "", everything));
  ASSERT_TRUE(simulation_.run_until([&] { return store_->operations > 0 && server_->totals().connected == 2; }));
  server_->stop();
  (void)wait(system, group.join());
  EXPECT_EQ(idle, "");
  // The simulation may have cut the request: what was read is answered, the rest is not.
  EXPECT_TRUE(busy == "+OK\r\n" || busy == "+OK\r\n+OK\r\n") << busy;
  EXPECT_EQ(busy.size() == 10 ? "2" : "1", *store_->data.get("k"));
  EXPECT_EQ(server_->totals().connected, 0U);
}

TEST_F(ServerTest, OneReadBecomesOneOperation) {
  start();
  std::string sent;
  for (int i = 0; i < 20; ++i) sent += "INCR n\r\n";
  talk(sent + "QUIT\r\n");
  // The network delivers in pieces: no more operations than reads.
  EXPECT_LE(store_->operations, 20U);
  EXPECT_EQ(*store_->data.get("n"), "20");
}

TEST_F(ServerTest, AnOperationHoldsAsMuchAsItMay) {
  ServerOptions options;
  options.batch_requests_max = 4;
  start(options);
  std::string sent;
  for (int i = 0; i < 20; ++i) sent += "INCR n\r\n";
  talk(sent + "QUIT\r\n");
  EXPECT_GE(store_->operations, 5U);
}

TEST_F(ServerTest, EveryCommandOfAFailedOperationSaysSoAndTheNextGoesOn) {
  start();
  store_->failures = {Error(ErrorCode::storage_failed, "no space left"), Error(ErrorCode::actor_crashed, "it crashed")};
  EXPECT_EQ(talk("SET k 1\r\nQUIT\r\n"), "-MISCONF Errors writing to the journal: no space left\r\n+OK\r\n");
  EXPECT_EQ(talk("GET k\r\nQUIT\r\n"), "-ERR it crashed\r\n+OK\r\n");
  EXPECT_EQ(talk("GET k\r\nQUIT\r\n"), "$-1\r\n+OK\r\n");
}

TEST_P(SeededServerTest, WhereThereIsNoRoomThePipelinesReadsAreAnsweredAllTheSame) {
  start();
  store_->data.set("k", "1");
  store_->disk_full = true;
  const std::string refused = "-MISCONF Errors writing to the journal: no space left\r\n";
  EXPECT_EQ(talk("SET k 2\r\nINCR k\r\nGET k\r\nGET n\r\nSET n 3\r\nGET k\r\nQUIT\r\n"),
            refused + refused + "$1\r\n1\r\n$-1\r\n" + refused + "$1\r\n1\r\n+OK\r\n");
  store_->disk_full = false;
  EXPECT_EQ(talk("SET n 3\r\nGET n\r\nQUIT\r\n"), "+OK\r\n$1\r\n3\r\n+OK\r\n");
}

TEST_P(SeededServerTest, WritesThatFindNoRoomAreNotTriedTwice) {
  start();
  store_->disk_full = true;
  const std::string refused = "-MISCONF Errors writing to the journal: no space left\r\n";
  EXPECT_EQ(talk("SET k 2\r\nINCR k\r\nQUIT\r\n"), refused + refused + "+OK\r\n");
  EXPECT_LE(store_->operations, 2U) << "one, or two if they came apart";
}

TEST_P(SeededServerTest, AfterAFailureTheRestOfAPipelineIsReadFromANewBuffer) {
  start();
  store_->failures = {ErrorCode::timeout};
  std::string sent = "SET k old\r\n";
  for (int i = 0; i < 200; ++i) sent += "PING\r\nINCR n\r\n";
  const std::string received = talk(sent + "GET n\r\nQUIT\r\n");
  EXPECT_TRUE(received.starts_with("-ERR ")) << received;
  // What was in the failed operation is not there; all else is, and in order.
  const int done = std::stoi(std::string(store_->data.get("n").value()));
  const std::string last = std::to_string(done);
  EXPECT_TRUE(received.ends_with("$" + std::to_string(last.size()) + "\r\n" + last + "\r\n+OK\r\n")) << received;
  MemoryTransaction later;
  for (auto& operation : store_->abandoned) operation(later);
  EXPECT_EQ(later.get("k"), "old");
}

TEST_F(ServerTest, AbandonedOperationsOwnWhatTheyUse) {
  start();
  store_->failures = {ErrorCode::timeout};
  talk("SET k value\r\nQUIT\r\n");
  ASSERT_FALSE(store_->abandoned.empty());
  MemoryTransaction later;
  for (auto& operation : store_->abandoned) operation(later);
  EXPECT_EQ(later.get("k"), "value");
}

TEST_F(ServerTest, RefusesThoseBeyondItsLimit) {
  ServerOptions options;
  options.clients_max = 1;
  start(options);
  System& system = simulation_.system();
  std::string first;
  TaskGroup group(system);
  group.spawn(converse_into(first, system.network(), server_->port(), "PING\r\n", everything));
  ASSERT_TRUE(simulation_.run_until([&] { return server_->totals().commands == 1; }));
  EXPECT_EQ(talk(""), "-ERR max number of clients reached\r\n");
  EXPECT_EQ(server_->totals().rejected, 1U);
  server_->stop();
  (void)wait(system, group.join());
  EXPECT_EQ(first, "+PONG\r\n");
}

TEST_F(ServerTest, StopCutsOffWhatDoesNotEnd) {
  ServerOptions options;
  options.drain_limit = 500ms;
  start(options);
  store_->delay = std::chrono::hours(1);
  System& system = simulation_.system();
  std::string received;
  TaskGroup group(system);
  group.spawn(converse_into(received, system.network(), server_->port(), "GET k\r\n", everything));
  ASSERT_TRUE(simulation_.run_until([&] { return store_->operations > 0; }));
  const Duration before = simulation_.now();
  server_->stop();
  EXPECT_LE(simulation_.now() - before, 600ms);
  (void)wait(system, group.join());
  EXPECT_EQ(received, "");
}

TEST_F(ServerTest, AnEndlessRequestIsRefused) {
  ServerOptions options;
  options.request_bytes_max = 10'000;
  start(options);
  const std::string reply = talk("*2\r\n$3\r\nGET\r\n$100000\r\n" + std::string(50'000, 'x'));
  EXPECT_EQ(reply, "");
}

TEST_F(ServerTest, ResetsActors) {
  start();
  EXPECT_EQ(talk("UNDERSTUDY RESET writer\r\nunderstudy reset Key-Value\r\nQUIT\r\n"), "+OK\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(store_->resets, (std::vector{store::ActorType::writer, store::ActorType::key_value}));
  EXPECT_EQ(talk("UNDERSTUDY RESET router\r\nQUIT\r\n"),
            "-ERR there is no actor 'router'; there are key-value and writer\r\n+OK\r\n");
}

TEST_F(ServerTest, WhoIsSilentForTooLongIsClosed) {
  ServerOptions options;
  options.idle_limit = std::chrono::seconds(10);
  start(std::move(options));
  const Duration before = simulation_.now();
  EXPECT_EQ(talk("PING\r\n"), "+PONG\r\n");
  EXPECT_GE(simulation_.now() - before, 10s);
  EXPECT_LE(simulation_.now() - before, 12s);
  // Half a command is no sign of life.
  EXPECT_EQ(talk("*2\r\n$3\r\nGET\r\n"), "");
  // One whose command takes long is not silent.
  store_->delay = std::chrono::seconds(60);
  EXPECT_EQ(talk("GET k\r\nQUIT\r\n"), "$-1\r\n+OK\r\n");
  EXPECT_EQ(server_->totals().connected, 0U);
}

TEST_F(ServerTest, AConnectionChoosesHowSafeItsChangesAre) {
  start();
  const std::unique_ptr<Connection> client = connect();
  expect(*client, "UNDERSTUDY DURABILITY\r\nSET k v\r\n", "$6\r\nalways\r\n+OK\r\n");
  EXPECT_FALSE(store_->durability);
  expect(*client, "UNDERSTUDY DURABILITY none\r\nUNDERSTUDY DURABILITY\r\nSET k v\r\n", "+OK\r\n$4\r\nnone\r\n+OK\r\n");
  EXPECT_EQ(store_->durability, Durability::none);
  (void)talk("SET other v\r\nQUIT\r\n");
  EXPECT_FALSE(store_->durability) << "others are as they were";
  expect(*client, "UNDERSTUDY DURABILITY always\r\nMULTI\r\nSET k v\r\nEXEC\r\n",
         "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(store_->durability, Durability::always);
  expect(*client, "UNDERSTUDY DURABILITY sometimes\r\n",
         "-ERR durability is one of always, interval, none and default, which is the store's\r\n");
  expect(*client, "UNDERSTUDY DURABILITY default\r\nSET k v\r\n", "+OK\r\n+OK\r\n");
  EXPECT_FALSE(store_->durability);
  expect(*client, "UNDERSTUDY DURABILITY none\r\nRESET\r\nSET k v\r\n", "+OK\r\n+RESET\r\n+OK\r\n");
  EXPECT_FALSE(store_->durability);
}

TEST_F(ServerTest, RequestsOfHttpAreTheEndOfAConnection) {
  start();
  EXPECT_EQ(talk("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nSET k v\r\n"), "");
  EXPECT_EQ(talk("GET / HTTP/1.1\r\nHost: x\r\n\r\nSET k v\r\n"),
            "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(talk("MULTI\r\nhost: x\r\nSET k v\r\nEXEC\r\n"), "+OK\r\n");
  EXPECT_FALSE(store_->data.get("k"));
  EXPECT_EQ(talk("ECHO POST\r\nSET post Host:\r\nQUIT\r\n"), "$4\r\nPOST\r\n+OK\r\n+OK\r\n");
}

TEST_F(ServerTest, WhoLeavesMoreUnreadThanIsAllowedIsCutOff) {
  ServerOptions options;
  options.output_limits.normal = {.hard_bytes = 1'000'000};
  start(options);
  ASSERT_EQ(talk("SETRANGE k 899999 x\r\nQUIT\r\n"), ":900000\r\n+OK\r\n");
  EXPECT_GT(talk("GET k\r\nQUIT\r\n").size(), 900'000);
  ASSERT_EQ(talk("SETRANGE k 1099999 x\r\nQUIT\r\n"), ":1100000\r\n+OK\r\n");
  EXPECT_EQ(talk("GET k\r\nQUIT\r\n"), "");
  ASSERT_EQ(talk("CONFIG SET client-output-buffer-limit \"normal 0 0 0\"\r\nQUIT\r\n"), "+OK\r\n+OK\r\n");
  EXPECT_GT(talk("GET k\r\nQUIT\r\n").size(), 1'100'000);
}

TEST_F(ServerTest, WhoLeavesMuchUnreadForTooLongIsCutOff) {
  ServerOptions options;
  options.output_limits.normal = {.hard_bytes = 0, .soft_bytes = 1'000'000, .soft_time = std::chrono::seconds(10)};
  start(options);
  ASSERT_EQ(talk("SETRANGE k 9999999 x\r\nQUIT\r\n"), ":10000000\r\n+OK\r\n");
  const std::string_view head = "$10000000\r\n";
  const std::unique_ptr<Connection> in_time = connect();
  expect(*in_time, "GET k\r\n", head);
  simulation_.run_for(std::chrono::seconds(5));
  EXPECT_EQ(say(*in_time, "", 10'000'002).size(), 10'000'002);
  const std::unique_ptr<Connection> too_late = connect();
  expect(*too_late, "GET k\r\n", head);
  simulation_.run_for(std::chrono::seconds(15));
  EXPECT_LT(say(*too_late, "", 10'000'002).size(), 9'000'000);
  EXPECT_EQ(talk("PING\r\nQUIT\r\n"), "+PONG\r\n+OK\r\n");
}

TEST_F(ServerTest, OthersAreRefusedInProtectedMode) {
  ServerOptions options;
  options.bind = "0.0.0.0";
  start(std::move(options));
  const auto from_elsewhere = [&](std::string sent) {
    System& system = simulation_.system();
    std::string received;
    TaskGroup group(system);
    group.spawn([](std::string& all, Network& network, std::uint16_t port, std::string said) -> Task<> {
      Task<Result<std::unique_ptr<Connection>>> connecting = network.connect("192.0.2.7", port);
      Result<std::unique_ptr<Connection>> connection = co_await std::move(connecting);
      Task<Result<void>> writing = (*connection)->write_all(said);
      (void)co_await std::move(writing);
      std::array<char, 4096> piece{};
      for (;;) {
        Task<Result<std::size_t>> reading = (*connection)->read_some(piece);
        const Result<std::size_t> count = co_await std::move(reading);
        if (!count || *count == 0) break;
        all.append(piece.data(), *count);
      }
    }(received, system.network(), server_->port(), std::move(sent)));
    (void)wait(system, group.join());
    return received;
  };
  EXPECT_TRUE(from_elsewhere("PING\r\n").starts_with("-DENIED Redis is running in protected mode"));
  EXPECT_EQ(server_->totals().rejected, 1U);
  EXPECT_EQ(talk("CONFIG SET requirepass secret\r\nQUIT\r\n"), "+OK\r\n+OK\r\n");
  EXPECT_EQ(from_elsewhere("PING\r\nQUIT\r\n"), "-NOAUTH Authentication required.\r\n+OK\r\n");
  EXPECT_EQ(talk("AUTH secret\r\nCONFIG SET requirepass \"\"\r\nQUIT\r\n"), "+OK\r\n+OK\r\n+OK\r\n");
  EXPECT_TRUE(from_elsewhere("PING\r\n").starts_with("-DENIED"));
  EXPECT_EQ(talk("CONFIG SET protected-mode no\r\nQUIT\r\n"), "+OK\r\n+OK\r\n");
  EXPECT_EQ(from_elsewhere("PING\r\nQUIT\r\n"), "+PONG\r\n+OK\r\n");
}

TEST_F(ServerTest, ListensOnAllThatItIsTold) {
  ServerOptions options;
  options.bind = "127.0.0.1 -::1";
  options.unix_socket = "/run/understudy.sock";
  options.port = std::nullopt;
  auto server = Server::start(simulation_.system(), std::make_unique<MemoryBackend>(simulation_.system()), options);
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ((*server)->listens_on(), "unix /run/understudy.sock");
  (*server)->stop();
  options.unix_socket.clear();
  server = Server::start(simulation_.system(), std::make_unique<MemoryBackend>(simulation_.system()), options);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error(), ErrorCode::invalid_argument);
  options.tls_port = 0;
  server = Server::start(simulation_.system(), std::make_unique<MemoryBackend>(simulation_.system()), options);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error(), ErrorCode::invalid_argument);
}

TEST_F(ServerTest, OneSeedGivesOneHistory) {
  const auto hash = [](std::uint64_t seed) {
    SimulatedSystem simulation(seed);
    ServerOptions options;
    options.port = 0;
    auto server =
        Server::start(simulation.system(), std::make_unique<MemoryBackend>(simulation.system()), std::move(options))
            .value();
    System& system = simulation.system();
    (void)wait(system, converse(system.network(), server->port(), "SET k v\r\nINFO\r\nQUIT\r\n", everything));
    server->stop();
    return simulation.trace_hash();
  };
  EXPECT_EQ(hash(7), hash(7));
}

}  // namespace
}  // namespace understudy::server
