#include "runtime/socket_file.hpp"

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace understudy::detail {
namespace {

std::unexpected<Error> bind_failure(std::string_view path, std::string_view why) {
  return failure(ErrorCode::storage_failed, fmt::format("listen on {}: {}", path, why));
}
std::unexpected<Error> bind_failure(std::string_view path, int code) {
  return bind_failure(path, std::generic_category().message(code));
}

int bind_to(int handle, const sockaddr_un& address) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what the call takes
  return ::bind(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

/// What a try to connect ends with: ECONNREFUSED where nobody listens.
int knock(const sockaddr_un& address) {
  const int handle = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (handle < 0) return errno;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what the call takes
  const int code = ::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  ::close(handle);
  return code;
}

/// Removes what a dead process has left at `address`; or says why it stays.
std::optional<std::string> remove_dead(const sockaddr_un& address) {
  struct stat found{};
  if (::lstat(address.sun_path, &found) != 0) return std::generic_category().message(errno);
  if (!S_ISSOCK(found.st_mode)) return "something that is no socket has this name";
  if (knock(address) != ECONNREFUSED) return "another process listens there";
  if (::unlink(address.sun_path) != 0) return std::generic_category().message(errno);
  return std::nullopt;
}

}  // namespace

Result<SocketFile> SocketFile::bind(int handle, std::string_view path, unsigned permissions) {
  if (path.empty() || path.size() > path_bytes_max) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("'{}' is no name of a socket: it has 1 to {} bytes", path, path_bytes_max));
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  // The name takes the socket's permissions, less what the umask says.
  if (::fchmod(handle, permissions) != 0) return bind_failure(path, errno);
  int code = bind_to(handle, address);
  if (code == EADDRINUSE) {
    if (const std::optional<std::string> why = remove_dead(address)) return bind_failure(path, *why);
    code = bind_to(handle, address);
  }
  if (code != 0) return bind_failure(path, code);
  SocketFile file;
  file.path_ = path;
  struct stat made{};
  if (::lstat(address.sun_path, &made) != 0) return bind_failure(path, errno);
  file.device_ = made.st_dev;
  file.inode_ = made.st_ino;
  // What the umask has taken away; nobody can connect before the socket listens.
  if (::chmod(address.sun_path, permissions) != 0) return bind_failure(path, errno);
  return file;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile::~SocketFile() {
  if (path_.empty()) return;
  struct stat now{};
  if (::lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace understudy::detail
