// Real sockets, waited for by whoever runs their io_context: an idle worker, or the application.
#pragma once

#include "runtime/io_seat.hpp"
#include "understudy/runtime/network.hpp"

#include <memory>

namespace understudy::detail {

[[nodiscard]] std::unique_ptr<Network> make_asio_network(SocketWaits& sockets);

}  // namespace understudy::detail
