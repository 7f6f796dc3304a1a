// Streams of bytes between processes, behind an interface: real sockets (src/runtime/socket_network.cpp), or the
// simulation's in-memory pipes, whose chunks and delays are drawn from its seed.
//
// Threads: one coroutine at a time uses a Listener. Of a Connection one may read while another writes. Destroying one
// while a read or an accept is suspended on it is what its owner's end does, and is safe: the wait is given up.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/runtime/task.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace understudy {

/// Where a reader gets the space to read into, when there is something to read.
class ReadRoom {
 public:
  ReadRoom() = default;
  ReadRoom(const ReadRoom&) = default;
  ReadRoom& operator=(const ReadRoom&) = default;
  virtual ~ReadRoom() = default;
  /// Not empty; must stay until the read has ended, or `give_back`. May be asked for again: the last answer counts.
  [[nodiscard]] virtual std::span<char> room() = 0;
  /// Nothing has come: until it is asked for again, no space is needed.
  virtual void give_back() noexcept {}
};

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
  /// The same, but the space is asked for when there may be something to read: a connection that waits holds none.
  virtual Task<Result<std::size_t>> read_when_ready(ReadRoom& room) = 0;
  /// Writes all of `bytes`, waiting while the peer is slow. The bytes must stay until it ends.
  virtual Task<Result<void>> write_all(std::string_view bytes) = 0;
  /// Writes what of `bytes` can be written without waiting; gives how much that was. Not while somebody writes.
  virtual std::size_t try_write(std::string_view bytes) noexcept = 0;
  /// The peer as text: "127.0.0.1:53412"; of a socket in the file system "/run/socket:0".
  [[nodiscard]] virtual std::string peer() const = 0;
  /// Our own side of it, likewise.
  [[nodiscard]] virtual std::string local() const = 0;
  /// True if the peer is on this machine: it came through the loopback interface, or the file system.
  [[nodiscard]] virtual bool peer_is_on_this_machine() const = 0;
  /// False while the two sides still agree on how to talk, as under TLS. Any thread.
  [[nodiscard]] virtual bool established() const { return true; }
  /// Ends it for both sides, at once: a reader is told that nothing more comes, a writer that it broke. What was
  /// written before may still arrive. Any thread, while somebody reads or writes too.
  virtual void shut_down() noexcept = 0;
  /// Has a peer that says nothing for so long asked whether it is still there, and the connection broken if it is not;
  /// zero: it is never asked. Nothing happens where connections break at once.
  virtual void keep_alive(std::chrono::seconds silence) = 0;
};

/// A place where connections come in.
class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;

  /// Waits for the next connection. An error does not end the listener: it may be passing (no file handle left), and
  /// the connection that could not be accepted still waits.
  virtual Task<Result<std::unique_ptr<Connection>>> accept() = 0;
  /// The port it listens on; of use when 0 was asked for. 0 for a socket in the file system.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

/// How many connections may wait to be accepted; the system may allow less.
constexpr int accept_backlog = 511;

class Network {
 public:
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  virtual ~Network() = default;

  /// Listens on a numeric address ("127.0.0.1", "::1") and port; port 0 takes a free one. Fails with
  /// `invalid_argument` for what is no address and `storage_failed` for what the system refuses, naming both.
  virtual Result<std::unique_ptr<Listener>> listen(std::string_view address, std::uint16_t port,
                                                   int backlog = accept_backlog) = 0;
  /// Listens on a socket in the file system, made with `permissions` (0700: for this user alone), which hold before
  /// anybody can connect; its end removes it. A socket that a dead process has left there is replaced. Fails with
  /// `storage_failed` when another process listens there, or something else has the name.
  virtual Result<std::unique_ptr<Listener>> listen_on_file(std::string_view path, unsigned permissions,
                                                           int backlog = accept_backlog) = 0;
  /// Connects to a numeric address and port.
  virtual Task<Result<std::unique_ptr<Connection>>> connect(std::string address, std::uint16_t port) = 0;
  /// Connects to a socket in the file system.
  virtual Task<Result<std::unique_ptr<Connection>>> connect_to_file(std::string path) = 0;
};

}  // namespace understudy
