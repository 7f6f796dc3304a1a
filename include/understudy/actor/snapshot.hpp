// A look at all actors of a system at one time: what System::snapshot gives.
#pragma once

#include "understudy/base/clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

enum class ActorState : std::uint8_t {
  idle,        ///< Waits for a message.
  ready,       ///< Stands in a run queue, or is about to.
  running,     ///< Runs.
  waiting,     ///< In the middle of a message, waits for something.
  restarting,  ///< Between two lives, or before the first.
  stopped,
};
[[nodiscard]] std::string_view name_of(ActorState state) noexcept;

struct ActorSnapshot {
  std::string path;
  std::uint64_t id = 0;
  std::uint64_t parent = 0;  ///< Its parent's id; 0 for a root.
  ActorState state = ActorState::idle;
  std::string waits_for;          ///< Of one that waits: "an answer", "a timer" ...
  std::string waits_on;           ///< The path of the actor that owes that, if it is one.
  std::uint32_t incarnation = 0;  ///< 0: it has not begun.
  std::uint32_t depth = 0;        ///< Messages that wait.
  std::uint32_t capacity = 0;
  std::uint64_t handled = 0;   ///< Messages, over all its lives.
  Duration in_hand{0};         ///< How long it has been at the present message; needs a supervisor, 0 otherwise.
  std::uint32_t children = 0;  ///< Living ones.
  std::string_view exempt;     ///< Why it never counts as stuck (SpawnOptions::exempt); empty: it does.
};

/// Parents before their children, siblings from the youngest.
using Snapshot = std::vector<ActorSnapshot>;

/// A tree for people, a line for each actor.
[[nodiscard]] std::string describe(const Snapshot& snapshot);

}  // namespace understudy
