#include "tool/process_usage.hpp"

#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

namespace understudy::tool {

server::ProcessUsage process_usage() {
  const auto duration = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  server::ProcessUsage usage{.process = static_cast<std::uint64_t>(getpid())};
  rusage resources{};
  if (getrusage(RUSAGE_SELF, &resources) == 0) {
    usage.user_time = duration(resources.ru_utime);
    usage.system_time = duration(resources.ru_stime);
    usage.resident_peak_bytes = static_cast<std::uint64_t>(resources.ru_maxrss) * 1024;
  }
  const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  if (const long pages = sysconf(_SC_PHYS_PAGES); pages > 0)
    usage.machine_bytes = static_cast<std::uint64_t>(pages) * page_bytes;
  std::ifstream pages("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  if (pages >> total >> resident) usage.resident_bytes = resident * page_bytes;
  return usage;
}

}  // namespace understudy::tool
