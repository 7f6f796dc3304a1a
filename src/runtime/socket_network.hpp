#pragma once

#include "runtime/socket_poller.hpp"
#include "understudy/runtime/network.hpp"

#include <memory>

namespace understudy::detail {

/// Real sockets. `poller` must outlive it, and all that it makes.
[[nodiscard]] std::unique_ptr<Network> make_socket_network(SocketPoller& poller);

}  // namespace understudy::detail
