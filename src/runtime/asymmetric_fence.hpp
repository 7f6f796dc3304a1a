// A memory barrier for every thread of the process, paid for by the caller alone.
#pragma once

namespace understudy::detail {

/// Does what the first fence would do once for the process, and what takes milliseconds when there are other threads:
/// to be called before they are started.
void prepare_to_fence() noexcept;

/// After it returns, every other thread of the process has executed a full barrier since it was called. A few
/// microseconds: membarrier(2), private expedited; where that is forbidden, by taking a right away from a page.
void fence_all_threads() noexcept;

}  // namespace understudy::detail
