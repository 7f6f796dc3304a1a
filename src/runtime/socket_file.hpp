// SocketFile: the name in the file system of a socket that listens.
//
// Who may connect is said before anybody can: the permissions are set between the naming and the listening, and what
// the name has in the moment it appears is never more than that.
//
// Threads: one at a time.
#pragma once

#include "understudy/base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include <sys/types.h>
#include <sys/un.h>

namespace understudy::detail {

class SocketFile {
 public:
  static constexpr std::size_t path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;

  /// Of no file.
  SocketFile() = default;
  /// Names the socket `handle`, which does not listen yet. A socket of that name on which nobody listens is replaced;
  /// anything else is left alone, and is an error.
  static Result<SocketFile> bind(int handle, std::string_view path, unsigned permissions);
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&&) = delete;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  /// Removes the name, if it still is that of this socket.
  ~SocketFile();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace understudy::detail
