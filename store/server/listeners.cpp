#include "server/listeners.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace understudy::server {
namespace {

struct BindAddress {
  std::string address;
  bool may_be_missing = false;
};

std::vector<BindAddress> addresses_of(std::string_view bind) {
  std::vector<BindAddress> addresses;
  while (!bind.empty()) {
    const std::size_t end = std::min(bind.find(' '), bind.size());
    std::string_view word = bind.substr(0, end);
    bind.remove_prefix(std::min(end + 1, bind.size()));
    if (word.empty()) continue;
    BindAddress each;
    each.may_be_missing = word.starts_with('-');
    if (each.may_be_missing) word.remove_prefix(1);
    each.address = word == "*" ? "0.0.0.0" : word == "::*" ? "::" : word;
    addresses.push_back(std::move(each));
  }
  return addresses;
}

/// The machine has no such address, or does not speak its protocol.
bool is_missing(const Error& error) {
  constexpr std::array codes{EADDRNOTAVAIL, EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPFNOSUPPORT};
  return std::ranges::any_of(
      codes, [&](int code) { return error.message().ends_with(std::generic_category().message(code)); });
}

class Opening {
 public:
  Opening(Network& network, const ServerOptions& options) : network_(network), options_(options) {}

  /// One port on every address; `port` is then the one that was taken.
  Result<void> open_port(std::uint16_t& port, bool speaks_tls) {
    for (const BindAddress& each : addresses_of(options_.bind)) {
      Result<std::unique_ptr<Listener>> listener = network_.listen(each.address, port, options_.accept_backlog);
      if (!listener) {
        if (each.may_be_missing && is_missing(listener.error())) continue;
        return std::unexpected(listener.error());
      }
      port = (*listener)->port();
      add(std::move(*listener), speaks_tls, speaks_tls ? "tls " : "",
          fmt::format(fmt::runtime(each.address.contains(':') ? "[{}]:{}" : "{}:{}"), each.address, port));
    }
    return {};
  }

  Result<void> open_file() {
    Result<std::unique_ptr<Listener>> listener =
        network_.listen_on_file(options_.unix_socket, options_.unix_socket_permissions, options_.accept_backlog);
    if (!listener) return std::unexpected(listener.error());
    add(std::move(*listener), false, "unix ", options_.unix_socket);
    return {};
  }

  Listeners opened;

 private:
  void add(std::unique_ptr<Listener> listener, bool speaks_tls, std::string_view kind, std::string_view name) {
    opened.all.push_back({.listener = std::move(listener), .speaks_tls = speaks_tls});
    opened.description += fmt::format("{}{}{}", opened.description.empty() ? "" : ", ", kind, name);
  }

  Network& network_;
  const ServerOptions& options_;
};

}  // namespace

Result<Listeners> open_listeners(Network& network, const ServerOptions& options) {
  Opening opening(network, options);
  Result<void> done;
  if (options.port) {
    opening.opened.port = *options.port;
    done = opening.open_port(opening.opened.port, false);
  }
  if (done && options.tls_port) {
    opening.opened.tls_port = *options.tls_port;
    done = opening.open_port(opening.opened.tls_port, true);
  }
  if (done && !options.unix_socket.empty()) done = opening.open_file();
  if (!done) return std::unexpected(done.error());
  if (opening.opened.all.empty())
    return failure(ErrorCode::invalid_argument, "nobody could connect: there is no port, no address and no unixsocket");
  return std::move(opening.opened);
}

}  // namespace understudy::server
