// The three forms of the chapter's experiment.
#pragma once

#include <cstdint>
#include <string_view>

namespace bench {

struct Outcome {
  double seconds = 0;      ///< From before the first spawn to the last task's end.
  std::int64_t total = 0;  ///< What the counter holds: task i adds i.
};

/// Runs `form`: "actor" (a request to an actor with a mailbox of 100), "mutex" (an asynchronous mutex, locked by each
/// task) or "mutex-detached" (each task starts another that takes the lock, and awaits it afterwards).
Outcome run_form(std::string_view form, std::uint64_t tasks, std::uint32_t workers);

}  // namespace bench
