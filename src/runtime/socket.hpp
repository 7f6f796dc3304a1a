// Socket: a handle of the system, closed at its end.
#pragma once

#include <utility>

#include <unistd.h>

namespace understudy::detail {

class Socket {
 public:
  explicit Socket(int handle) noexcept : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (handle_ >= 0) ::close(handle_);
  }

  [[nodiscard]] int handle() const noexcept { return handle_; }

 private:
  int handle_;
};

}  // namespace understudy::detail
