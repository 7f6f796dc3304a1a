// Dead letters: tells that no actor has handled, or will. Counted for ever by cause, the latest kept for inspection.
//
//     const us::DeadLetters lost = system.dead_letters();
//     lost.of(us::DeadLetterCause::left_in_mailbox);   // how many so far
//     lost.latest.back().actor;                        // who would have got the last of them
//
// A request is no dead letter, whether it was asked or passed on by a tell: its asker gets the error, and so has it
// back. Nor is a message that was received by an actor that came back for its next one, or returned.
//
// Cost: none for messages that are handled. A tell that dies costs a lock shared by the system and some hundred
// nanoseconds. The sender is looked up when the letter dies, so it is known for those that die in their sender's hands,
// and `unknown_sender` for those that had left them: left in a mailbox, dropped from one, lost in a crash, withdrawn.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/base/error.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

/// Why a tell was not handled.
enum class DeadLetterCause : std::uint8_t {
  stopped,          ///< Its actor had stopped, or had been asked to; its sender was told `actor_stopped`.
  rejected,         ///< There was no room; its sender was told `mailbox_full`.
  withdrawn,        ///< Its sender was destroyed while it waited for room.
  left_in_mailbox,  ///< It was accepted, and its actor stopped before its turn.
  dropped_oldest,   ///< It was the oldest in a full mailbox that drops its oldest.
  dropped_newest,   ///< It came to a full mailbox that drops the newest; its sender was told nothing.
  crashed_in_hand,  ///< It was the last that its actor had received when that crashed, was reset or taken down.
  poison,           ///< The same, as often as SpawnOptions::redeliver has it delivered again.
};
/// The number of causes; a table with one entry for each is checked against it.
inline constexpr std::size_t dead_letter_cause_count = 8;
/// The cause's name as written in the enumeration ("left_in_mailbox"). Static storage.
[[nodiscard]] std::string_view name_of(DeadLetterCause cause) noexcept;

/// A tell that was not handled.
struct DeadLetter {
  /// The sender of a message that was not sent by an actor: by a plain thread, or a task that belongs to none.
  static constexpr std::string_view outside = "outside";
  /// The sender of a message that its sender no longer held when it died.
  static constexpr std::string_view unknown_sender = "unknown";

  std::string sender;             ///< The path of the actor that sent it, `outside` or `unknown_sender`.
  std::string actor;              ///< The path of the actor it was sent to.
  std::uint32_t incarnation = 0;  ///< Which life that actor was in: 0 before its first.
  std::string message;            ///< Its type: of a sum the alternative, but for `crashed_in_hand` and `poison`.
  DeadLetterCause cause = DeadLetterCause::stopped;
  Error reason = ErrorCode::actor_stopped;  ///< The error that goes with it, as a sentence for people.
  TimePoint time;                           ///< When it died, on the system's clock.
};

/// What a system knows of its dead letters.
struct DeadLetters {
  std::uint64_t count = 0;                                        ///< All, since the system started.
  std::array<std::uint64_t, dead_letter_cause_count> by_cause{};  ///< The same, for each DeadLetterCause.
  std::vector<DeadLetter> latest;                                 ///< The last ones, oldest first.

  [[nodiscard]] std::uint64_t of(DeadLetterCause cause) const { return by_cause[static_cast<std::size_t>(cause)]; }
};

/// Called with each dead letter, as it dies; see System::on_dead_letter.
using DeadLetterSubscriber = std::function<void(const DeadLetter&)>;

/// Dead letters that a system keeps unless told otherwise.
inline constexpr std::size_t dead_letters_kept_default = 128;

}  // namespace understudy
