// The walk through a recording: at each point every kind of crash, and a start on what it has left.
#pragma once

#include "process/crash_states/disk_model.hpp"
#include "process/crash_states/history.hpp"
#include "process/crash_states/recorded_events.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace understudy::process_test {

struct WalkOptions {
  /// Crashes tried at each point; the first two lose everything that was not flushed, and nothing.
  std::uint64_t fates = 4;
  std::uint64_t seed = 1;
  std::uint64_t threads = 2;
  /// One state in so many is tried with the whole store, and with power loss while it starts. 0: none.
  std::uint64_t whole_store_every = 100;
  /// About so many states are written out, for the real program, each into a folder of its own below `samples_to`.
  std::uint64_t samples = 0;
  std::string samples_to = {};
  /// Where the state that failed is written.
  std::string failure_to = {};
};

struct WalkReport {
  std::uint64_t points = 0;  ///< At which a crash leaves something else, or more was promised, than at the one before.
  std::uint64_t states = 0;  ///< Started on.
  std::uint64_t torn = 0;    ///< Of these: with an unfinished write that was cut off.
  std::uint64_t with_snapshot = 0;  ///< Of these: that began with a snapshot.
  std::uint64_t with_room = 0;      ///< Of these: whose last segment ends in zeros, as reserved room does.
  std::uint64_t whole_stores = 0;
  std::uint64_t samples = 0;
  std::uint64_t answered = 0;  ///< Commands that were answered in the end.
  /// Empty: everything was as it must be. Otherwise the first thing that was not.
  std::optional<std::string> failure;
};

[[nodiscard]] WalkReport walk(const std::vector<Event>& events, const std::vector<Connection>& history,
                              const WalkOptions& options);

/// Empty if the recording has led to the files that are in `directory`; otherwise what differs. A recording that
/// missed something would prove nothing.
[[nodiscard]] std::optional<std::string> compare_with(const std::vector<Event>& events, const std::string& directory);

}  // namespace understudy::process_test
