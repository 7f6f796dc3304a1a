// A server over a store in memory, in a simulation, and clients that talk to it.
#pragma once

#include "server/server.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "unit/server/memory_store.hpp"

#include <array>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace understudy::server {

/// Sends `sent`, then reads until the server closes, or `expected` bytes have come.
inline Task<std::string> converse(Network& network, std::uint16_t port, std::string sent, std::size_t expected) {
  Task<Result<std::unique_ptr<Connection>>> connecting = network.connect("127.0.0.1", port);
  Result<std::unique_ptr<Connection>> connected = co_await std::move(connecting);
  if (!connected) co_return std::string("no connection");
  const std::unique_ptr<Connection> connection = std::move(*connected);
  Task<Result<void>> writing = connection->write_all(sent);
  (void)co_await std::move(writing);  // The server may close before it has all: what it said is what counts.
  std::string received;
  while (received.size() < expected) {
    std::array<char, 4096> piece{};
    Task<Result<std::size_t>> reading = connection->read_some(piece);
    const Result<std::size_t> count = co_await std::move(reading);
    if (!count || *count == 0) break;
    received.append(piece.data(), *count);
  }
  co_return received;
}

inline Task<> converse_into(std::string& received, Network& network, std::uint16_t port, std::string sent,
                            std::size_t expected) {
  Task<std::string> talk = converse(network, port, std::move(sent), expected);
  received = co_await std::move(talk);
}

inline constexpr std::size_t everything = 1'000'000'000;

/// One step of a conversation on a connection that stays.
inline Task<std::string> exchange(Connection& connection, std::string sent, std::size_t size) {
  Task<Result<void>> writing = connection.write_all(sent);
  (void)co_await std::move(writing);
  std::string received(size, ' ');
  std::size_t got = 0;
  while (got < size) {
    Task<Result<std::size_t>> reading = connection.read_some(std::span(received).subspan(got));
    const Result<std::size_t> count = co_await std::move(reading);
    if (!count || *count == 0) break;
    got += *count;
  }
  received.resize(got);
  co_return received;
}

class ServerTest : public testing::Test {
 protected:
  explicit ServerTest(std::uint64_t seed = 1) : simulation_(seed) {}

  void start(ServerOptions options = {}) {
    options.port = 0;
    auto backend = std::make_unique<MemoryBackend>(simulation_.system());
    store_ = backend.get();
    auto started = Server::start(simulation_.system(), std::move(backend), std::move(options));
    ASSERT_TRUE(started) << started.error().message();
    server_ = std::move(*started);
  }
  std::string talk(std::string sent, std::size_t expected = everything) {
    System& system = simulation_.system();
    return wait(system, converse(system.network(), server_->port(), std::move(sent), expected)).value();
  }

  /// A connection that stays.
  std::unique_ptr<Connection> connect() {
    System& system = simulation_.system();
    return wait(system, system.network().connect("127.0.0.1", server_->port())).value();
  }
  /// Sends `sent` on it, and gives the `size` bytes that come next; fewer if it ends before.
  std::string say(Connection& connection, std::string sent, std::size_t size) {
    return wait(simulation_.system(), exchange(connection, std::move(sent), size)).value();
  }
  /// The same, where exactly this is to be answered.
  void expect(Connection& connection, std::string sent, std::string_view answer) {
    EXPECT_EQ(say(connection, sent, answer.size()), answer) << sent;
  }

  SimulatedSystem simulation_;
  std::unique_ptr<Server> server_;
  MemoryBackend* store_ = nullptr;
};

class SeededServerTest : public ServerTest, public testing::WithParamInterface<std::uint64_t> {
 protected:
  SeededServerTest() : ServerTest(GetParam()) {}
};

}  // namespace understudy::server
