#include "tool/system_call.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace understudy::tool {

std::unexpected<Error> system_failure(std::string_view what, const std::string& path) {
  const std::string reason = std::generic_category().message(errno);
  return failure(ErrorCode::storage_failed, fmt::format("cannot {} {}: {}", what, path, reason));
}

Result<void> flush_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return system_failure("open the directory", path);
  Result<void> flushed;
  if (::fsync(directory) != 0) flushed = system_failure("flush the directory", path);
  ::close(directory);
  return flushed;
}

}  // namespace understudy::tool
