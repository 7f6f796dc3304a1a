// Conversation: what a connection has said that its later commands depend on.
//
// Threads: one session uses it.
#pragma once

#include "server/command_queue.hpp"
#include "server/subscriptions.hpp"
#include "understudy/journal/durability.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::server {

/// What CLIENT REPLY has asked for.
struct ReplySwitch {
  bool off = false;
  bool skips = false;       ///< The reply of the command that runs.
  bool skips_next = false;  ///< That of the one behind it.
  /// The reply that is being written need not be sent as a whole, or not at all: whoever writes it sees to that.
  bool writer_decides = false;

  [[nodiscard]] bool is_touched() const noexcept { return off || skips || skips_next; }
  /// What is written now is not to be sent.
  [[nodiscard]] bool mutes() const noexcept { return off || skips; }
  /// After each command. `muted`: as it began. True if what it has written is not to be sent.
  [[nodiscard]] bool end_command(bool muted) noexcept {
    const bool drops = muted && mutes() && !writer_decides;
    skips = std::exchange(skips_next, false);
    writer_decides = false;
    return drops;
  }
};

/// Between MULTI and EXEC these are not queued.
[[nodiscard]] inline bool runs_inside_multi(const Command& command) noexcept {
  constexpr std::array<std::string_view, 6> names{"exec", "discard", "multi", "watch", "quit", "reset"};
  return std::ranges::find(names, command.name) != names.end();
}
[[nodiscard]] inline bool runs_while_subscribed(const Command& command) noexcept {
  constexpr std::array<std::string_view, 7> names{"ping",        "quit",       "reset",       "subscribe",
                                                  "unsubscribe", "psubscribe", "punsubscribe"};
  return std::ranges::find(names, command.name) != names.end();
}

struct Conversation {
  explicit Conversation(Channels& channels, std::function<std::shared_ptr<Outbox>()> open_outbox)
      : subscriptions(channels, std::move(open_outbox)) {}

  CommandQueue queue;
  /// Null: nothing is watched.
  std::shared_ptr<store::Watch> watch;
  WatchedKeys watched;
  std::size_t watched_bytes = 0;
  Subscriptions subscriptions;
  ReplySwitch reply_switch;
  /// Of what the connection changes (UNDERSTUDY DURABILITY); none: the store's.
  std::optional<Durability> durability;
  /// It has had changes answered before they were in the journal's files, or may have; for good, RESET or not.
  bool may_be_unwritten = false;

  /// Commands run one by one, each looked at by itself.
  [[nodiscard]] bool is_special(RespVersion version) const noexcept {
    return queue.is_open() || reply_switch.is_touched() || is_subscriber(version) || subscriptions.monitors();
  }
  /// Version 2 has no way to tell messages from replies: who has subscribed may do little else.
  [[nodiscard]] bool is_subscriber(RespVersion version) const noexcept {
    return version == RespVersion::resp2 && subscriptions.count() > 0;
  }
  [[nodiscard]] bool allows(const Command& command, RespVersion version) const noexcept {
    return !is_subscriber(version) || runs_while_subscribed(command);
  }
  void forget_watched() noexcept {
    watch.reset();
    watched.clear();
    watched_bytes = 0;
  }
  /// Without running what was queued.
  void end_transaction() {
    static_cast<void>(queue.take());
    forget_watched();
  }
  void reset() {
    end_transaction();
    subscriptions.clear();
    durability.reset();
    // Which says whether this command's own reply is sent.
    reply_switch = {.skips = reply_switch.skips};
  }
};

}  // namespace understudy::server
