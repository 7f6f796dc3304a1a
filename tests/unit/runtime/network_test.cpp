// Attacks: streams carry every byte in order, at the pace of the slower side, and end cleanly whoever goes first; the
// same on real sockets and simulated ones.
#include "understudy/runtime/network.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <array>
#include <memory>
#include <string>

#include <unistd.h>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using ListenerPointer = std::unique_ptr<Listener>;
using ConnectionPointer = std::unique_ptr<Connection>;

ListenerPointer listen(System& system) { return system.network().listen("127.0.0.1", 0).value(); }

Task<> echo(ConnectionPointer connection) {
  std::string buffer(997, '\0');
  for (;;) {
    const Result<std::size_t> count = co_await connection->read_some(buffer);
    if (!count || *count == 0) co_return;
    if (!co_await connection->write_all(std::string_view(buffer).substr(0, *count))) co_return;
  }
}

Task<> serve(ListenerPointer listener, System& system) {
  TaskGroup sessions(system);
  for (;;) {
    Result<ConnectionPointer> accepted = co_await listener->accept();
    if (!accepted) co_return;
    sessions.spawn(echo(std::move(*accepted)));
  }
}

Task<std::string> read_exactly(Connection& connection, std::size_t count) {
  std::string all;
  std::string buffer(4096, '\0');
  while (all.size() < count) {
    const Result<std::size_t> got =
        co_await connection.read_some(std::span(buffer.data(), std::min(buffer.size(), count - all.size())));
    if (!got || *got == 0) break;
    all.append(buffer, 0, *got);
  }
  co_return all;
}

Task<bool> talk(System& system, std::uint16_t port, int client) {
  Result<ConnectionPointer> connection = co_await system.network().connect("127.0.0.1", port);
  if (!connection) co_return false;
  for (int i = 0; i < 10; ++i) {
    const std::string said = "client " + std::to_string(client) + " line " + std::to_string(i);
    if (!co_await (*connection)->write_all(said)) co_return false;
    if (co_await read_exactly(**connection, said.size()) != said) co_return false;
  }
  co_return true;
}

TEST(Network, ManyClientsAreEchoed) {
  on_every_runtime([](System& system) {
    ListenerPointer listener = listen(system);
    const std::uint16_t port = listener->port();
    ASSERT_NE(port, 0);
    TaskGroup server(system);
    server.spawn(serve(std::move(listener), system));
    std::atomic<int> good = 0;
    TaskGroup clients(system);
    for (int client = 0; client < 10; ++client) {
      clients.spawn([](System& own, std::uint16_t to, int number, std::atomic<int>& count) -> Task<> {
        if (co_await talk(own, to, number)) ++count;
      }(system, port, client, good));
    }
    ASSERT_TRUE(wait(system, clients.join()));
    EXPECT_EQ(good.load(), 10);
    server.cancel();
    ASSERT_TRUE(wait(system, server.join()));
    EXPECT_FALSE(wait(system, system.network().connect("127.0.0.1", port)).has_value());
  });
}

std::string pattern(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

/// Both ends of a connection.
struct Pair {
  ConnectionPointer client;
  ConnectionPointer server;
};
Task<Pair> connect_pair(System& system) {
  const ListenerPointer listener = listen(system);
  Result<ConnectionPointer> client = co_await system.network().connect("127.0.0.1", listener->port());
  Result<ConnectionPointer> server = co_await listener->accept();
  co_return Pair{std::move(client).value(), std::move(server).value()};
}

TEST(Network, LargeTransfersWaitForASlowReader) {
  on_every_runtime(
      [](System& system) {
        Pair pair = wait(system, connect_pair(system)).value();
        const std::string bytes = pattern(system.worker_count() == 1 ? 3'000'000 : 8'000'000);
        std::atomic<bool> written = false;
        TaskGroup writer(system);
        writer.spawn([](Connection& to, const std::string& all, std::atomic<bool>& done) -> Task<> {
          done = static_cast<bool>(co_await to.write_all(all));
        }(*pair.client, bytes, written));
        pass_time(system, std::chrono::milliseconds(20));
        const auto read = [](Connection& from, const std::string& expected) -> Task<bool> {
          std::string buffer(100'000, '\0');
          std::size_t at = 0;
          while (at < expected.size()) {
            const Result<std::size_t> got = co_await from.read_some(buffer);
            if (!got || *got == 0) co_return false;
            if (expected.compare(at, *got, buffer, 0, *got) != 0) co_return false;
            at += *got;
            if (at % 7 == 0) co_await sleep(std::chrono::microseconds(50));
          }
          co_return true;
        };
        EXPECT_TRUE(wait(system, read(*pair.server, bytes)).value_or(false));
        ASSERT_TRUE(wait(system, writer.join()));
        EXPECT_TRUE(written.load());
      },
      3);
}

TEST(Network, AReaderSeesThatItsPeerHasClosed) {
  on_every_runtime([](System& system) {
    Pair pair = wait(system, connect_pair(system)).value();
    ASSERT_TRUE(wait(system, pair.client->write_all("last words")));
    pair.client.reset();
    EXPECT_EQ(wait(system, read_exactly(*pair.server, 100)).value_or(""), "last words");
    std::string buffer(10, '\0');
    EXPECT_EQ(wait(system, pair.server->read_some(buffer)).value_or(7), 0U);
  });
}

TEST(Network, AWaitingReaderIsWokenByTheClose) {
  on_every_runtime([](System& system) {
    Pair pair = wait(system, connect_pair(system)).value();
    std::atomic<std::size_t> read = 99;
    TaskGroup reader(system);
    reader.spawn([](Connection& from, std::atomic<std::size_t>& count) -> Task<> {
      std::string buffer(10, '\0');
      count = (co_await from.read_some(buffer)).value_or(98);
    }(*pair.server, read));
    pass_time(system, std::chrono::milliseconds(1));
    pair.client.reset();
    ASSERT_TRUE(wait(system, reader.join()));
    EXPECT_EQ(read.load(), 0U);
  });
}

TEST(Network, AWriterFailsWhenItsPeerHasGone) {
  on_every_runtime(
      [](System& system) {
        Pair pair = wait(system, connect_pair(system)).value();
        const std::string bytes = pattern(15'000'000);
        std::atomic<bool> failed = false;
        TaskGroup writer(system);
        writer.spawn([](Connection& to, const std::string& all, std::atomic<bool>& done) -> Task<> {
          const Result<void> written = co_await to.write_all(all);
          done = !written && written.error() == ErrorCode::storage_failed;
        }(*pair.client, bytes, failed));
        pass_time(system, std::chrono::milliseconds(5));
        pair.server.reset();
        ASSERT_TRUE(wait(system, writer.join()));
        EXPECT_TRUE(failed.load());
      },
      1);
}

TEST(Network, WaitsMayBeDestroyedAtAnyMoment) {
  on_every_runtime([](System& system) {
    const Census census;
    SeededRandom random(system.random_number());
    for (int round = 0; round < 20; ++round) {
      TaskGroup group(system);
      ListenerPointer listener = listen(system);
      const std::uint16_t port = listener->port();
      group.spawn(serve(std::move(listener), system));
      for (int client = 0; client < 3; ++client) {
        group.spawn([](System& own, std::uint16_t to, Counted life) -> Task<> {
          const Counted local = std::move(life);
          for (;;) static_cast<void>(co_await talk(own, to, 1));
        }(system, port, Counted(census)));
      }
      ASSERT_TRUE(wait(system, pause(Duration(random.below(1'500'000)))));
      group.cancel();
      ASSERT_TRUE(wait(system, group.join()));
      ASSERT_EQ(census.living(), 0);
    }
  });
}

TEST(Network, RefusesWhatCannotBe) {
  on_every_runtime([](System& system) {
    std::uint16_t unused = 0;
    {
      const ListenerPointer listener = listen(system);
      unused = listener->port();
      const auto again = system.network().listen("127.0.0.1", unused);
      ASSERT_FALSE(again);
      EXPECT_EQ(again.error(), ErrorCode::storage_failed);
      EXPECT_NE(again.error().message().find(std::to_string(unused)), std::string::npos);
    }
    const auto refused = wait(system, system.network().connect("127.0.0.1", unused));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), ErrorCode::storage_failed);
    for (const char* nonsense : {"", "localhost", "300.0.0.1", "127.0.0.1:80"}) {
      const auto listened = system.network().listen(nonsense, 0);
      ASSERT_FALSE(listened) << nonsense;
      EXPECT_EQ(listened.error(), ErrorCode::invalid_argument);
      const auto connected = wait(system, system.network().connect(nonsense, 80));
      ASSERT_FALSE(connected) << nonsense;
      EXPECT_EQ(connected.error(), ErrorCode::invalid_argument);
    }
  });
}

TEST(Network, ReadingIntoNothingReadsNothing) {
  on_every_runtime([](System& system) {
    Pair pair = wait(system, connect_pair(system)).value();
    ASSERT_TRUE(wait(system, pair.client->write_all("x")));
    pass_time(system, std::chrono::milliseconds(1));
    EXPECT_EQ(wait(system, pair.server->read_some({})).value_or(7), 0U);
    ASSERT_TRUE(wait(system, pair.client->write_all("")));
    EXPECT_EQ(wait(system, read_exactly(*pair.server, 1)).value_or(""), "x");
  });
}

TEST(Network, KnowsItsPeers) {
  on_every_runtime([](System& system) {
    Pair pair = wait(system, connect_pair(system)).value();
    EXPECT_TRUE(pair.server->peer().starts_with("127.0.0.1:")) << pair.server->peer();
    EXPECT_TRUE(pair.client->peer().starts_with("127.0.0.1:")) << pair.client->peer();
  });
}

TEST(Network, KnowsItsOwnSideAndWhetherThePeerIsHere) {
  on_every_runtime([](System& system) {
    Pair pair = wait(system, connect_pair(system)).value();
    EXPECT_EQ(pair.server->local(), pair.client->peer());
    EXPECT_EQ(pair.client->local(), pair.server->peer());
    EXPECT_TRUE(pair.server->peer_is_on_this_machine());
    EXPECT_TRUE(pair.server->established());
    pair.server->keep_alive(std::chrono::seconds(10));
    pair.server->keep_alive(std::chrono::seconds(0));
  });
}

/// Counts how often it was asked for room.
struct CountingRoom final : ReadRoom {
  std::span<char> room() override {
    ++asked;
    needed = true;
    return bytes;
  }
  void give_back() noexcept override { needed = false; }
  std::array<char, 8> bytes{};
  std::atomic<int> asked = 0;
  std::atomic<bool> needed = false;
};

TEST(Network, NoRoomIsHeldWhileNothingComes) {
  on_every_runtime([](System& system) {
    Pair pair = wait(system, connect_pair(system)).value();
    CountingRoom room;
    std::string read;
    std::atomic<bool> ended = false;
    TaskGroup reader(system);
    reader.spawn([](Connection& from, CountingRoom& into, std::string& all, std::atomic<bool>& done) -> Task<> {
      for (;;) {
        const Result<std::size_t> count = co_await from.read_when_ready(into);
        if (!count || *count == 0) break;
        all.append(into.bytes.data(), *count);
      }
      done = true;
    }(*pair.server, room, read, ended));
    pass_time(system, std::chrono::milliseconds(2));
    EXPECT_FALSE(room.needed.load());
    // Larger than the room, so that some reads find it full and go on at once.
    const std::string bytes = pattern(1000);
    ASSERT_TRUE(wait(system, pair.client->write_all(bytes)));
    pair.client.reset();
    ASSERT_TRUE(wait(system, reader.join()));
    EXPECT_TRUE(ended.load());
    EXPECT_GE(room.asked.load(), 125);
    EXPECT_EQ(read, bytes);
  });
}

TEST(Network, AShutDownEndsReaderAndWriterOnBothSides) {
  on_every_runtime([](System& system) {
    Pair pair = wait(system, connect_pair(system)).value();
    std::atomic<int> ended = 0;
    TaskGroup tasks(system);
    const auto read = [](Connection& from, std::atomic<int>& count) -> Task<> {
      std::string buffer(10, '\0');
      const Result<std::size_t> got = co_await from.read_some(buffer);
      if (!got || *got == 0) ++count;
    };
    const auto write = [](Connection& to, std::atomic<int>& count) -> Task<> {
      const std::string bytes(50'000'000, 'x');
      if (!co_await to.write_all(bytes)) ++count;
    };
    tasks.spawn(read(*pair.server, ended));
    tasks.spawn(write(*pair.server, ended));
    pass_time(system, std::chrono::milliseconds(2));
    EXPECT_EQ(ended.load(), 0);
    pair.server->shut_down();
    ASSERT_TRUE(wait(system, tasks.join()));
    EXPECT_EQ(ended.load(), 2);
    // What was on its way may arrive; then there is an end.
    const std::string rest = wait(system, read_exactly(*pair.client, 100'000'000)).value_or("?");
    EXPECT_LT(rest.size(), 50'000'000U);
    pair.server->shut_down();
  });
}

TEST(Network, ASocketInTheFileSystemCarriesTheSame) {
  const std::string path = testing::TempDir() + "understudy-network-test-" + std::to_string(::getpid());
  on_every_runtime([&](System& system) {
    Result<ListenerPointer> listener = system.network().listen_on_file(path, 0700);
    ASSERT_TRUE(listener) << listener.error().message();
    EXPECT_EQ((*listener)->port(), 0);
    EXPECT_FALSE(system.network().listen_on_file(path, 0700));
    TaskGroup server(system);
    server.spawn(serve(std::move(*listener), system));
    const ConnectionPointer client = wait(system, system.network().connect_to_file(path)).value();
    ASSERT_TRUE(wait(system, client->write_all("over a file")));
    EXPECT_EQ(wait(system, read_exactly(*client, 11)).value_or(""), "over a file");
    EXPECT_EQ(client->peer(), path + ":0");
    EXPECT_TRUE(client->peer_is_on_this_machine());
    server.cancel();
    ASSERT_TRUE(wait(system, server.join()));
    EXPECT_FALSE(wait(system, system.network().connect_to_file(path)));
  });
}

}  // namespace
}  // namespace understudy::test
