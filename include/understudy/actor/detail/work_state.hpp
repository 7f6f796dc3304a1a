// WorkState: whether an actor has taken up a request, or its asker has gone before.
#pragma once

#include "understudy/base/detail/atomic.hpp"

#include <cstdint>

namespace understudy::detail {

/// How far the work on a request has come, on which asker and actor agree by one exchange each:
///   untaken      it waits in the mailbox
///   a number     the actor has taken it up, as its so-manieth message
///   given_up     the asker has gone: it is not started
class WorkState {
 public:
  static constexpr std::uint64_t untaken = 0;
  static constexpr std::uint64_t given_up = ~std::uint64_t{0};
  /// The actor begins. False: the asker has gone.
  [[nodiscard]] bool begin(std::uint64_t number) noexcept {
    return state_.exchange(number, std::memory_order_acq_rel) != given_up;
  }
  /// The asker goes. What was before.
  [[nodiscard]] std::uint64_t give_up() noexcept { return state_.exchange(given_up, std::memory_order_acq_rel); }

 private:
  // One exchange by each side (acq_rel): the second sees the first, so no work goes on that neither knows of.
  Atomic<std::uint64_t> state_{untaken};
};

}  // namespace understudy::detail
