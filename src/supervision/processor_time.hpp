// What a thread has had of the processors: how a supervisor tells a thread that computes, or waits in a call, from one
// that would run but gets no processor.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/runtime/detail/scheduler.hpp"

namespace understudy {

/// Processor time that the thread has used; nothing if that cannot be told.
[[nodiscard]] Duration processor_time_of(const detail::HoldingThread& thread) noexcept;
/// Whether it would run if it had a processor: false while it sleeps in the kernel. True if that cannot be told.
[[nodiscard]] bool is_runnable(const detail::HoldingThread& thread) noexcept;

}  // namespace understudy
