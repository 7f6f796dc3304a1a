#include "runtime/asymmetric_fence.hpp"

#include <atomic>
#include <cstdlib>
#include <mutex>

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace understudy::detail {
namespace {

long membarrier(int command) noexcept { return syscall(SYS_membarrier, command, 0, 0); }

/// Whether membarrier may be used. The kernel waits for all processors when it registers a process of many threads,
/// 10 ms and more; for one of a single thread it does not.
bool registered() noexcept {
  static const bool allowed = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
  return allowed;
}

/// Where membarrier is forbidden (some sandboxes): taking a right away from a page that is in use makes the kernel
/// interrupt every processor that runs this process, which is a barrier there.
void fence_by_page() noexcept {
  static std::mutex one;
  static const long page_bytes = sysconf(_SC_PAGESIZE);
  static void* const page =
      mmap(nullptr, static_cast<std::size_t>(page_bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) std::abort();  // Going on would lose kills silently.
  const std::lock_guard lock(one);
  mprotect(page, static_cast<std::size_t>(page_bytes), PROT_READ | PROT_WRITE);
  *static_cast<volatile char*>(page) = 1;
  mprotect(page, static_cast<std::size_t>(page_bytes), PROT_READ);
}

}  // namespace

void prepare_to_fence() noexcept { static_cast<void>(registered()); }

void fence_all_threads() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!registered() || membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0) fence_by_page();
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace understudy::detail
