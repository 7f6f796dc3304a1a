// The ways to wait for sockets that are compared. Each serves until the process is killed, in one thread.
#pragma once

namespace bench {

/// epoll with edges, then a `recv` and a `send` for each request: what src/runtime/socket_poller does. Throws
/// std::system_error.
[[noreturn]] void serve_by_epoll(int listener);

enum class Receive {
  once,        ///< Each `recv` is asked for, with a buffer of the connection's.
  many_times,  ///< One request for all that comes (multishot), with buffers that the ring has been given.
};
/// io_uring: what is to be sent, and received, goes to the kernel in one call for all connections. Throws
/// std::system_error, also where this was built without liburing.
[[noreturn]] void serve_by_io_uring(int listener, Receive receive);

}  // namespace bench
