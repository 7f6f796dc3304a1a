// Starting on what a crash has left.
#pragma once

#include "process/crash_states/disk_model.hpp"
#include "process/crash_states/history.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/journal.hpp"

#include <cstdint>
#include <string>

namespace understudy::process_test {

struct Started {
  Values values;
  RecoveryReport report;
};

/// Opens the journal as a start does, and gives what the store would hold.
[[nodiscard]] Result<Started> start_on(const Files& files);

/// Empty if all is well with the whole store on these files: it holds `expected`; a write is kept by the start after
/// the next power loss; and so is everything if the power fails at any point of the start itself. Takes some
/// milliseconds.
[[nodiscard]] std::optional<std::string> start_whole_store_on(const Files& files, const Values& expected,
                                                              std::uint64_t seed);

}  // namespace understudy::process_test
