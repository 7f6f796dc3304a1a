// Channels: who has subscribed to what, and the messages published there. Also those who watch all commands (MONITOR).
//
// A message reaches those who are subscribed while it is published, in the order of publication; it is kept nowhere.
//
// Threads: any.
#pragma once

#include "server/outbox.hpp"
#include "understudy/base/bytes.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::server {

class Channels {
 public:
  using Subscriber = std::shared_ptr<Outbox>;
  /// Of channels, or of patterns of their names.
  enum class Kind : std::uint8_t { channel, pattern };

  /// `subscriber` is none of `name` yet.
  void add(Kind kind, BytesView name, const Subscriber& subscriber);
  void remove(Kind kind, BytesView name, const Subscriber& subscriber);
  /// Sends `message` to all who have subscribed to `channel`, and to those of each pattern that fits. How many
  /// subscriptions that were; none: nothing was sent, for the channel's name is longer than 512 bytes, and than can be
  /// compared with so many patterns (2^20 bytes in all). O(subscribers of the channel, and all patterns). A pattern
  /// that is made to take for ever is not compared to its end: its subscribers are cut off, so that nobody misses a
  /// message without being told.
  std::optional<std::size_t> publish(BytesView channel, BytesView message);

  /// Channels with subscribers whose names fit `pattern`; none: that takes too many steps to say.
  [[nodiscard]] std::optional<std::vector<Bytes>> active(BytesView pattern) const;
  [[nodiscard]] std::size_t subscribers_of(BytesView channel) const;
  /// How many channels, or patterns, have subscribers.
  [[nodiscard]] std::size_t count(Kind kind) const;

  /// Whether anybody has subscribed to anything, or shows all commands.
  [[nodiscard]] bool any() const;

  /// Calls `visit(kind, name, subscriber)` for every subscription, with a lock held: it may not publish or subscribe.
  void for_each(const std::function<void(Kind, BytesView, const Outbox&)>& visit) const;

  void add_monitor(const Subscriber& subscriber);
  void remove_monitor(const Subscriber& subscriber);
  [[nodiscard]] bool has_monitors() const noexcept { return monitor_count_.load(std::memory_order_relaxed) != 0; }
  /// Shows `line`, a whole reply, to all monitors.
  void show(std::string_view line);

 private:
  using Names = std::map<Bytes, std::vector<Subscriber>, std::less<>>;
  Names& names(Kind kind) noexcept { return kind == Kind::channel ? channels_ : patterns_; }

  mutable std::shared_mutex mutex_;
  Names channels_;
  Names patterns_;
  std::vector<Subscriber> monitors_;
  std::atomic<std::size_t> monitor_count_{0};  // Relaxed: a command may be missed, or shown to nobody.
};

}  // namespace understudy::server
