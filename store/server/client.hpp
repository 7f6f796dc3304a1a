// Client: the side of a session that others see: what it is called, what it does, and whether it may be interrupted.
//
// A session can be ended without loss only while it waits for bytes: then no command is under way, and no reply is
// unsent. So it says when it begins to read and when it has read; `ask_to_stop` tells which of the two it was.
//
// Threads: every member but `login` may be called from any thread.
#pragma once

#include "server/acl/login.hpp"
#include "server/client_progress.hpp"
#include "server/resp_writer.hpp"
#include "understudy/base/clock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
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
  std::size_t unsent = 0;               ///< Of its replies, while they are being written.
  TimePoint unsent_since{};             ///< If any are.
  std::shared_ptr<Outbox> outbox = {};  ///< What waits to be sent to it; null: nothing ever does.
  ClientProgress::Figures progress = {};
};

/// Whether it is sent what it has not asked for at that moment.
[[nodiscard]] inline bool is_listening(const ClientFacts& facts) noexcept {
  return facts.channels > 0 || facts.patterns > 0 || facts.monitors;
}

/// As CLIENT LIST shows it; without a line end.
[[nodiscard]] std::string describe_client(const ClientFacts& facts, TimePoint now);

class Client {
 public:
  Client(ClientFacts facts, Acl& acl) : login_(acl, facts.id), facts_(std::move(facts)) {
    progress_.say(facts_.progress);
  }

  /// Who it is. The session's alone.
  [[nodiscard]] Login& login() noexcept { return login_; }
  [[nodiscard]] const Login& login() const noexcept { return login_; }

  /// The session is about to wait for bytes, and has come so far. False if it is to stop instead.
  [[nodiscard]] bool begin_reading(const ClientProgress::Figures& progress) noexcept {
    progress_.say(progress);
    std::uint8_t neither = 0;
    // Release: whoever sees that it reads sees since when. Acquire: pairs with `ask_to_stop`.
    return state_.compare_exchange_strong(neither, reading, std::memory_order_acq_rel);
  }
  /// The wait is over. False if the session was interrupted: it must end without another suspension.
  [[nodiscard]] bool end_reading() noexcept {
    return (state_.fetch_and(static_cast<std::uint8_t>(~reading), std::memory_order_acq_rel) & stopping) == 0;
  }
  /// No reading begins from now on. True if the session waits for bytes now, and so may be interrupted.
  [[nodiscard]] bool ask_to_stop() noexcept {
    return (state_.fetch_or(stopping, std::memory_order_acq_rel) & reading) != 0;
  }
  /// When it began to wait for bytes; none: it does not.
  [[nodiscard]] std::optional<TimePoint> reading_since() const noexcept {
    if ((state_.load(std::memory_order_acquire) & reading) == 0) return std::nullopt;
    return progress_.last().active;
  }

  template <typename Change>
  void change(Change change) {
    const std::scoped_lock lock(mutex_);
    change(facts_);
  }
  template <typename Look>
  void look(Look look) const {
    const std::scoped_lock lock(mutex_);
    look(facts_);
  }
  [[nodiscard]] ClientProgress::Figures progress() const noexcept { return progress_.last(); }
  [[nodiscard]] ClientFacts facts() const {
    const std::scoped_lock lock(mutex_);
    ClientFacts now = facts_;
    now.progress = progress_.last();
    return now;
  }

 private:
  Login login_;
  mutable std::mutex mutex_;
  ClientFacts facts_;  // Without its progress.
  ClientProgress progress_;
  // One or both of these.
  static constexpr std::uint8_t reading = 1;
  static constexpr std::uint8_t stopping = 2;
  std::atomic<std::uint8_t> state_{0};
};

}  // namespace understudy::server
