// Outbox: the way to a client that is also sent what it did not ask for: messages of the channels it has subscribed to,
// what MONITOR shows. Replies go the same way from then on, so that everything arrives in one order.
//
// Pushing never waits: the bytes are kept until the connection takes them. How many are kept is limited: a client that
// does not read is cut off, so that it costs nobody else memory or time.
//
// Threads: `push`, `cut_off`, `end_if_overdue`, `unsent` and `close` any; all else the session.
#pragma once

#include "server/output_limits.hpp"
#include "server/resp_writer.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace understudy::server {

class Outbox : public std::enable_shared_from_this<Outbox> {
 public:
  /// `ends` is called once, by whoever pushes too much or cuts it off, with the reason. It must not call back. The
  /// connection is shut down then, and nothing is kept for it any more. `limits` outlive all pushing.
  Outbox(System& system, std::shared_ptr<Connection> connection, const LiveOutputLimits& limits,
         std::function<void(std::string_view why)> ends);

  /// Sends `bytes`, a whole message, soon.
  void push(std::string_view bytes);
  /// As if too much had been pushed.
  void cut_off(std::string_view why);
  /// Messages wait, behind what is replied, until the next `send`.
  void hold();
  /// Sends `replies`, which is then empty, before all held messages. Waits while more than `bytes_max` are unsent; an
  /// error if the connection has failed.
  [[nodiscard]] Task<Result<void>> send(std::string& replies, std::size_t bytes_max);
  /// Sends nothing more, and lets go of the connection.
  void close() noexcept;

  /// Which form messages are to have.
  [[nodiscard]] RespVersion version() const noexcept { return version_.load(std::memory_order_relaxed); }
  void set_version(RespVersion version) noexcept { version_.store(version, std::memory_order_relaxed); }
  /// Bytes that were pushed and are not with the system yet.
  [[nodiscard]] std::size_t unsent() const;
  /// Cuts it off if too much is unsent, or for too long, though nothing is pushed any more. `limits` are those of the
  /// class that the client is of now, since who has subscribed once may be a normal client again.
  void end_if_overdue(TimePoint now, const OutputLimits& limits, std::string_view why);

 private:
  static Task<> write_pending(std::shared_ptr<Outbox> self, std::shared_ptr<Connection> connection);
  // With mutex_ held.
  [[nodiscard]] bool is_too_much(TimePoint now, const OutputLimits& limits);
  void start_writing();
  /// Nothing more is sent, nor kept.
  void fail() noexcept;

  System& system_;
  const LiveOutputLimits& limits_;
  std::atomic<RespVersion> version_{RespVersion::resp2};  // Relaxed: a message may still have the form before.
  mutable std::mutex mutex_;
  // Guarded by the mutex:
  std::shared_ptr<Connection> connection_;      // Null once closed.
  std::function<void(std::string_view)> ends_;  // Empty once it has been called.
  std::string pending_;
  std::string held_back_;
  std::size_t being_written_ = 0;
  TimePoint over_soft_limit_since_ = TimePoint::max();
  bool holds_ = false;
  bool writes_ = false;
  bool sender_waits_ = false;
  std::size_t sender_waits_for_ = 0;
  bool failed_ = false;
  TaskGroup writer_;
};

}  // namespace understudy::server
