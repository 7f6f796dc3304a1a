// Streams of bytes between processes, behind an interface: real sockets (src/runtime/asio_network.cpp), or the
// simulation's in-memory pipes, whose chunks and delays are drawn from its seed.
//
// Threads: one coroutine at a time uses one Connection or Listener. Destroying one while a read or an accept is
// suspended on it is what its owner's end does, and is safe: the wait is given up.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/runtime/task.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace understudy {

/// A connected stream.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// Waits for bytes and reads at most `into.size()` of them. 0: the peer has closed its side. Resumes on a worker.
  /// Fails with `storage_failed` when the connection broke.
  virtual Task<Result<std::size_t>> read_some(std::span<char> into) = 0;
  /// Writes all of `bytes`, waiting while the peer is slow. The bytes must stay until it ends.
  virtual Task<Result<void>> write_all(std::string_view bytes) = 0;
  /// The peer as text: "127.0.0.1:53412".
  [[nodiscard]] virtual std::string peer() const = 0;
};

/// A place where connections come in.
class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;

  /// Waits for the next connection. An error does not end the listener: it may be passing (no file handle left).
  virtual Task<Result<std::unique_ptr<Connection>>> accept() = 0;
  /// The port it listens on; of use when 0 was asked for.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

class Network {
 public:
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  virtual ~Network() = default;

  /// Listens on a numeric address ("127.0.0.1", "::1") and port; port 0 takes a free one. Fails with
  /// `invalid_argument` for what is no address and `storage_failed` for what the system refuses, naming both.
  virtual Result<std::unique_ptr<Listener>> listen(std::string_view address, std::uint16_t port) = 0;
  /// Connects to a numeric address and port.
  virtual Task<Result<std::unique_ptr<Connection>>> connect(std::string address, std::uint16_t port) = 0;
};

}  // namespace understudy
