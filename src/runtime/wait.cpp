#include "understudy/runtime/wait.hpp"

#include "base/log.hpp"

#include <cstdlib>

namespace understudy::detail {

void check_may_block(const Scheduler& scheduler, const char* caller) noexcept {
  const ThreadState& thread = this_thread();
  if (thread.scheduler != &scheduler || thread.current == nullptr) return;
  log_error("{} was called on a worker, which must not block: await instead (co_await)", caller);
  std::abort();
}

}  // namespace understudy::detail
