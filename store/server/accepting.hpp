// Accepting connections for ever, whatever goes wrong meanwhile.
//
// Threads: a coroutine of the system; `receive` is called in it.
#pragma once

#include "understudy/runtime/network.hpp"
#include "understudy/runtime/task.hpp"

#include <functional>
#include <memory>

namespace understudy::server {

/// Gives every connection that `listener` accepts to `receive`. What fails, or throws, is logged, and tried again after
/// a while: no file handle or no memory may be left, and that passes. Ends by being cancelled.
[[nodiscard]] Task<> accept_all(std::unique_ptr<Listener> listener,
                                std::function<void(std::unique_ptr<Connection>)> receive);

}  // namespace understudy::server
