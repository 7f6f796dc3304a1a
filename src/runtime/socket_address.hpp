// SocketAddress: an end of a connection, as the system writes it.
#pragma once

#include "understudy/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

namespace understudy::detail {

class SocketAddress {
 public:
  /// A numeric address ("127.0.0.1", "::1") and port. Fails with invalid_argument for what is none.
  static Result<SocketAddress> parse(std::string_view address, std::uint16_t port);
  /// A socket in the file system; `path` has room in it (SocketFile::path_bytes_max).
  static SocketAddress of_file(std::string_view path) noexcept;
  /// Our own end of a socket, and the other one; of no family if the system does not say.
  static SocketAddress local_of(int handle) noexcept;
  static SocketAddress peer_of(int handle) noexcept;

  [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
  [[nodiscard]] const sockaddr* data() const noexcept;
  [[nodiscard]] socklen_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// It is one of this machine's own, whatever the network.
  [[nodiscard]] bool is_loopback() const noexcept;
  /// "127.0.0.1:6379", "[::1]:6379".
  [[nodiscard]] std::string text() const;

 private:
  SocketAddress() noexcept = default;
  template <typename Get>
  static SocketAddress ask(int handle, Get get) noexcept;

  sockaddr_storage storage_{};
  socklen_t size_ = sizeof(sockaddr_storage);
};

}  // namespace understudy::detail
