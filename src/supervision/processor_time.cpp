#include "supervision/processor_time.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

namespace understudy {

Duration processor_time_of(const detail::HoldingThread& thread) noexcept {
  if (thread.simulated_time) return *thread.simulated_time;
  clockid_t clock{};
  timespec used{};
  if (pthread_getcpuclockid(thread.handle, &clock) != 0 || clock_gettime(clock, &used) != 0) return Duration{0};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

bool is_runnable(const detail::HoldingThread& thread) noexcept {
  if (thread.simulated_time) return true;
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/task/%d/stat", thread.kernel_id);
  const int file = open(path.data(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return true;
  std::array<char, 512> text{};
  const ssize_t count = read(file, text.data(), text.size());
  close(file);
  // "PID (NAME) STATE ...": the name may hold anything.
  const std::string_view line(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= line.size()) return true;
  return line[name_end + 2] == 'R';
}

}  // namespace understudy
