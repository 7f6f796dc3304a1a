// Real sockets, on the control thread's io_context.
#pragma once

#include "runtime/io_loop.hpp"
#include "understudy/runtime/network.hpp"

#include <memory>

namespace understudy::detail {

[[nodiscard]] std::unique_ptr<Network> make_asio_network(IoLoop& io_loop);

}  // namespace understudy::detail
