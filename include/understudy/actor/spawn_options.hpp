// How an actor is set up: its mailbox, its restarts, where it runs.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/runtime/placement.hpp"

#include <cstdint>
#include <optional>

namespace understudy {

/// When an actor whose incarnation has ended gets a new one. Decided by the Supervisor; without one, never. The names
/// are Erlang's.
enum class Restart : std::uint8_t {
  permanent,    ///< Always: also when its function returns though nobody has asked it to stop.
  transient,    ///< After a crash, a hang or a reset.
  temporary,    ///< Never: the actor stops.
  with_parent,  ///< Its failure is its parent's: the parent is reset, and spawns it again if it wants to.
};

/// Which of an actor's children are restarted when one of them fails. All that are stop before the first of them starts
/// anew, and they start in the order in which they were spawned.
enum class Strategy : std::uint8_t {
  one_for_one,   ///< That one.
  one_for_all,   ///< All: they cannot work without one another.
  rest_for_one,  ///< That one and those that were spawned after it.
};

/// What a full mailbox does with one more message.
enum class WhenFull : std::uint8_t {
  wait,         ///< The sender waits for room.
  reject,       ///< The sender gets `mailbox_full`.
  drop_oldest,  ///< The oldest message makes room: a tell is a dead letter, a request ends with `mailbox_full`.
  drop_newest,  ///< The new message is dropped, and its sender goes on; a request ends with `mailbox_full`.
};

/// That an actor may go without progress for as long as it likes, and why: `{.exempt = "waits for the operator"}`. The
/// reason is shown in snapshots. An empty one does not compile.
class Exemption {
 public:
  constexpr Exemption() noexcept = default;
  // NOLINTNEXTLINE(google-explicit-constructor): reads as an option
  consteval Exemption(const char* reason) : reason_(reason) {
    if (reason == nullptr || *reason == '\0') throw "an exemption must give its reason";
  }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return reason_ != nullptr; }
  /// Null if there is none.
  [[nodiscard]] constexpr const char* reason() const noexcept { return reason_; }

 private:
  const char* reason_ = nullptr;
};

/// How an actor is set up.
struct SpawnOptions {
  /// Messages the mailbox holds: 1 to 65,535; to 32,767 if it drops its oldest.
  std::uint32_t capacity = 100;
  WhenFull when_full = WhenFull::wait;
  Restart restart = Restart::transient;
  /// How often the message in hand is delivered again, before all that waits, after the incarnation that had it has
  /// crashed, was stuck, or was reset; at most 7. Then, and by default at once, it fails: its asker gets
  /// `actor_crashed`, a tell is a dead letter. Delivered again means done twice, perhaps: only for messages that bear
  /// that. Of an incarnation that holds its thread only a tell comes again. The message's type must allow it
  /// (actor/message.hpp; checked as the actor is spawned).
  std::uint8_t redeliver = 0;
  /// Which of its children are restarted when one of them fails.
  Strategy children = Strategy::one_for_one;
  /// How long it may go without progress while it has work, before it counts as stuck. Unset: the supervisor's.
  std::optional<Duration> cutoff = std::nullopt;
  /// It never counts as stuck, nor as holding its thread. It still may crash.
  Exemption exempt = {};
  /// Where it runs.
  Placement placement = Placement::anywhere();
};

}  // namespace understudy
