#include "runtime/socket_address.hpp"

#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <fmt/format.h>

namespace understudy::detail {
namespace {

// The system's own way to write one of several kinds into the same bytes: copied out, so that no rule is broken.
template <typename Kind>
Kind as(const sockaddr_storage& storage) noexcept {
  Kind kind{};
  std::memcpy(&kind, &storage, sizeof kind);
  return kind;
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view address, std::uint16_t port) {
  const std::string text(address);
  SocketAddress result;
  if (sockaddr_in v4{}; ::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&result.storage_, &v4, sizeof v4);
    result.size_ = sizeof v4;
    return result;
  }
  if (sockaddr_in6 v6{}; ::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&result.storage_, &v6, sizeof v6);
    result.size_ = sizeof v6;
    return result;
  }
  return failure(ErrorCode::invalid_argument,
                 fmt::format("'{}' is not a numeric IP address such as 127.0.0.1 or ::1", address));
}

SocketAddress SocketAddress::of_file(std::string_view path) noexcept {
  sockaddr_un file{};
  file.sun_family = AF_UNIX;
  std::memcpy(file.sun_path, path.data(), path.size());
  SocketAddress result;
  std::memcpy(&result.storage_, &file, sizeof file);
  result.size_ = sizeof file;
  return result;
}

template <typename Get>
SocketAddress SocketAddress::ask(int handle, Get get) noexcept {
  SocketAddress result;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what the call takes
  if (get(handle, reinterpret_cast<sockaddr*>(&result.storage_), &result.size_) != 0) return {};
  return result;
}
SocketAddress SocketAddress::local_of(int handle) noexcept { return ask(handle, ::getsockname); }
SocketAddress SocketAddress::peer_of(int handle) noexcept { return ask(handle, ::getpeername); }

const sockaddr* SocketAddress::data() const noexcept {
  return reinterpret_cast<const sockaddr*>(&storage_);  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast): as above
}

std::uint16_t SocketAddress::port() const noexcept {
  if (family() == AF_INET) return ntohs(as<sockaddr_in>(storage_).sin_port);
  return family() == AF_INET6 ? ntohs(as<sockaddr_in6>(storage_).sin6_port) : 0;
}

bool SocketAddress::is_loopback() const noexcept {
  const auto is_v4_loopback = [](const in_addr& address) {
    return (ntohl(address.s_addr) >> IN_CLASSA_NSHIFT) == IN_LOOPBACKNET;
  };
  if (family() == AF_INET) return is_v4_loopback(as<sockaddr_in>(storage_).sin_addr);
  if (family() != AF_INET6) return family() == AF_UNIX;
  const in6_addr address = as<sockaddr_in6>(storage_).sin6_addr;
  if (!IN6_IS_ADDR_V4MAPPED(&address)) return IN6_IS_ADDR_LOOPBACK(&address);
  in_addr mapped{};
  std::memcpy(&mapped, &address.s6_addr[12], sizeof mapped);
  return is_v4_loopback(mapped);
}

std::string SocketAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    const in_addr address = as<sockaddr_in>(storage_).sin_addr;
    return fmt::format("{}:{}", ::inet_ntop(AF_INET, &address, text.data(), text.size()), port());
  }
  if (family() != AF_INET6) return "?:0";
  const in6_addr address = as<sockaddr_in6>(storage_).sin6_addr;
  return fmt::format("[{}]:{}", ::inet_ntop(AF_INET6, &address, text.data(), text.size()), port());
}

}  // namespace understudy::detail
