// Real sockets, waited for by whoever runs the io_context: the control thread, or the application.
#pragma once

#include "understudy/runtime/network.hpp"

#include <memory>

#include <boost/asio/io_context.hpp>

namespace understudy::detail {

[[nodiscard]] std::unique_ptr<Network> make_asio_network(boost::asio::io_context& context);

}  // namespace understudy::detail
