// The stack of a thread that does not answer: taken by a signal, without that thread's help.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/runtime/detail/scheduler.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace understudy {

/// Return addresses, innermost first.
using StackAddresses = std::vector<std::uintptr_t>;

/// Interrupts `thread` by SIGURG, whose default is to do nothing, and notes where it is. Empty if it does not get to
/// run within `patience` (it sleeps in the kernel, or lacks a processor), and for a simulation's thread. The handler is
/// installed on first use and hands signals that are not ours to the one before it. One at a time; any other thread.
[[nodiscard]] StackAddresses capture_stack(const detail::HoldingThread& thread, Duration patience);

/// "spin(int) at main.cpp:12", one for each address that belongs to the program's own code: the frames of the runtime
/// below it are left out. Slow at first: reads the program's debug information.
[[nodiscard]] std::vector<std::string> describe_stack(const StackAddresses& addresses);

}  // namespace understudy
