#include "process/interposer/watched_files.hpp"

#include <array>
#include <atomic>
#include <climits>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace understudy::process_test {

namespace {

constexpr std::size_t descriptors_max = 1U << 16U;
constexpr std::string_view lock_file = "LOCK";

// Written before the descriptor is given to whoever opened it: relaxed does.
std::array<std::atomic<Watched>, descriptors_max> table;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

const std::string& directory() {
  static const std::string path = [] {
    const char* given = std::getenv("DISK_WATCH_DIRECTORY");
    return std::string(given != nullptr ? given : "");
  }();
  return path;
}

std::string path_of(int descriptor) {
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : std::string();
}

Watched kind_of(std::string_view path) {
  const std::string_view watched = directory();
  if (watched.empty()) return Watched::no;
  if (path == watched) return Watched::directory;
  if (path == watched.substr(0, watched.rfind('/'))) return Watched::folder_around;
  if (path.size() <= watched.size() + 1 || !path.starts_with(watched) || path[watched.size()] != '/')
    return Watched::no;
  return path.substr(watched.size() + 1) == lock_file ? Watched::no : Watched::file;
}

}  // namespace

void note_opened(int descriptor) {
  if (directory().empty() || descriptor < 0 || static_cast<std::size_t>(descriptor) >= descriptors_max) return;
  table.at(static_cast<std::size_t>(descriptor)).store(kind_of(path_of(descriptor)), std::memory_order_relaxed);
}

void note_closed(int descriptor) {
  if (descriptor < 0 || static_cast<std::size_t>(descriptor) >= descriptors_max) return;
  table.at(static_cast<std::size_t>(descriptor)).store(Watched::no, std::memory_order_relaxed);
}

Watched watched(int descriptor) noexcept {
  if (descriptor < 0 || static_cast<std::size_t>(descriptor) >= descriptors_max) return Watched::no;
  return table[static_cast<std::size_t>(descriptor)].load(std::memory_order_relaxed);
}

std::optional<std::string> watched_name(int at, std::string_view path) {
  const std::string_view watched = directory();
  if (watched.empty()) return std::nullopt;
  if (path.starts_with('/')) {
    if (kind_of(path) != Watched::file) return std::nullopt;
    return std::string(path.substr(watched.size() + 1));
  }
  if (at == AT_FDCWD || process_test::watched(at) != Watched::directory || path == lock_file) return std::nullopt;
  return std::string(path);
}

bool is_watched_directory(std::string_view path) { return !directory().empty() && path == directory(); }

std::uint64_t inode_of(int descriptor) noexcept {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

}  // namespace understudy::process_test
