// The recording: a file, named by DISK_WATCH_RECORDING, to which each event is appended as it happens. What was
// recorded is there also when the process is killed. Without a name nothing is recorded.
//
// Once there is a file named by DISK_WATCH_KILL, the process is ended by SIGKILL with the next event: so none of its
// changes is missing in the recording, as a kill from outside could have it, between a change and its event.
//
// Threads: any; whoever makes a change and records it holds the order lock over both, so that the recording has the
// order in which things happened. A flush takes long and is two events, without the lock in between.
#pragma once

#include "process/interposer/recording_format.hpp"

#include <mutex>
#include <string_view>

namespace understudy::process_test {

/// Held by whoever makes and records a change.
[[nodiscard]] std::unique_lock<std::mutex> order_lock();

[[nodiscard]] bool is_recording() noexcept;

/// With the order lock held.
void record(EventHead head, std::string_view text = {});

}  // namespace understudy::process_test
