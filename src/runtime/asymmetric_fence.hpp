// A memory barrier for every thread of the process, paid for by the caller alone.
#pragma once

namespace understudy::detail {

/// After it returns, every other thread of the process has executed a full barrier since it was called. A few
/// microseconds (membarrier(2), private expedited). Where the system has no such call, a full fence of the caller: the
/// plain loads and stores that it is paired with then see each other late, but on the next try.
void fence_all_threads() noexcept;

}  // namespace understudy::detail
