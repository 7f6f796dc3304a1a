// Client: the side of a session that others see: what it is called, what it does, and whether it may be interrupted.
//
// A session can be ended without loss only while it waits for bytes: then no command is under way, and no reply is
// unsent. So it says when it begins to read and when it has read; `ask_to_stop` tells which of the two it was.
//
// Threads: every member but `login` may be called from any thread.
#pragma once

#include "server/acl/login.hpp"
#include "server/resp_writer.hpp"
#include "understudy/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace understudy::server {

class Outbox;

/// What is known of a connection.
struct ClientFacts {
  std::uint64_t id = 0;
  std::string peer = {};
  std::string local = {};  ///< Our own end.
  std::string name = {};
  std::string user = "default";
  std::string library_name = {};
  std::string library_version = {};
  RespVersion protocol = RespVersion::resp2;
  std::size_t channels = 0;  ///< Subscribed to.
  std::size_t patterns = 0;  ///< The same.
  bool monitors = false;
  std::int64_t queued = -1;  ///< Commands of a transaction, or none.
  TimePoint connected{};
  TimePoint active{};                  ///< When it last began to wait for bytes.
  std::string_view last_command = {};  ///< Static storage.
  std::uint64_t commands = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::size_t unfinished_bytes = 0;     ///< Received of a request that was not complete, when it began to wait.
  std::size_t free_bytes = 0;           ///< The room behind them.
  std::size_t memory_bytes = 0;         ///< What it holds, those included.
  std::shared_ptr<Outbox> outbox = {};  ///< What waits to be sent to it; null: nothing ever does.
};

/// As CLIENT LIST shows it; without a line end.
[[nodiscard]] std::string describe_client(const ClientFacts& facts, TimePoint now);

class Client {
 public:
  Client(ClientFacts facts, Acl& acl) : login_(acl, facts.id), facts_(std::move(facts)) {}

  /// Who it is. The session's alone.
  [[nodiscard]] Login& login() noexcept { return login_; }
  [[nodiscard]] const Login& login() const noexcept { return login_; }

  /// The session is about to wait for bytes. `progress` is applied to its facts. False if it is to stop instead.
  template <typename Progress>
  [[nodiscard]] bool begin_reading(Progress progress) {
    const std::scoped_lock lock(mutex_);
    progress(facts_);
    reading_ = !stopping_;
    return reading_;
  }
  /// The wait is over. False if the session was interrupted: it must end without another suspension.
  [[nodiscard]] bool end_reading() {
    const std::scoped_lock lock(mutex_);
    reading_ = false;
    return !stopping_;
  }
  /// No reading begins from now on. True if the session waits for bytes now, and so may be interrupted.
  [[nodiscard]] bool ask_to_stop() {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    return reading_;
  }

  template <typename Change>
  void change(Change change) {
    const std::scoped_lock lock(mutex_);
    change(facts_);
  }
  /// `look(facts, reading)`: without a copy; `reading`: it waits for bytes.
  template <typename Look>
  void look(Look look) const {
    const std::scoped_lock lock(mutex_);
    look(facts_, reading_);
  }
  [[nodiscard]] ClientFacts facts() const {
    const std::scoped_lock lock(mutex_);
    return facts_;
  }

 private:
  Login login_;
  mutable std::mutex mutex_;
  ClientFacts facts_;
  bool reading_ = false;
  bool stopping_ = false;
};

}  // namespace understudy::server
