// What the disk takes, without any store: the least that a flushed write can cost a single writer.
#include "workloads.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bench {
namespace {

using Clock = WriterLog::Clock;

int refuse(const char* what, const std::string& path) {
  fmt::print(stderr, "cannot {} {}: {}\n", what, path, std::strerror(errno));
  return 1;
}

}  // namespace

int run_floor(const FloorOptions& options) {
  const std::string path = options.directory + "/floor";
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return refuse("create", path);
  const std::string bytes(options.bytes, 'x');
  std::vector<double> took_us;
  for (std::uint32_t done = 0; done < options.count; ++done) {
    const Clock::time_point begin = Clock::now();
    if (::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
      return refuse("write to", path);
    if (::fdatasync(file) != 0) return refuse("flush", path);
    took_us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  ::close(file);
  ::unlink(path.c_str());
  std::ranges::sort(took_us);
  fmt::print("{{\"operations\":{},\"p50_us\":{:.1f},\"p99_us\":{:.1f}}}\n", took_us.size(), took_us[took_us.size() / 2],
             took_us[took_us.size() * 99 / 100]);
  return 0;
}

}  // namespace bench
