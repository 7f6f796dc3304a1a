// Passing control from one coroutine to another without growing the stack.
//
// Optimised builds use symmetric transfer, a tail call. Without optimisation, and under the sanitizers, compilers make
// no tail call, and a loop of nested awaits would overflow the stack: there the next coroutine is noted, control
// returns to the loop in Context::resume, and that resumes it. The depth is bounded either way.
#pragma once

#include "understudy/runtime/detail/frame_pool.hpp"

#include <coroutine>

namespace understudy::detail {

[[nodiscard]] inline std::coroutine_handle<> transfer(std::coroutine_handle<> next) noexcept {
#if defined(__OPTIMIZE__) && !UNDERSTUDY_SANITIZED
  return next;
#else
  this_thread().next_resume = next;
  return std::noop_coroutine();
#endif
}

}  // namespace understudy::detail
