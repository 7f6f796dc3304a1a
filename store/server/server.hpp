// Server: the store, for every client that speaks the Redis protocol (RESP2 and RESP3).
//
//     auto server = us::server::Server::start(system, *store, {.port = 6379}).value();
//     ...
//     server->publish("news", "for all who have subscribed");   // in an actor, or anywhere
//     server->stop();
//
// It listens through the system's network, so it also runs in a simulation.
//
// Threads: every member may be called from any thread that is no worker; `publish` from any.
#pragma once

#include "server/listeners.hpp"
#include "server/server_context.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/store/store.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace understudy::server {

class Server {
 public:
  /// Listens, and serves whoever connects. `system` and `store` must outlive the server. Fails with `storage_failed`
  /// when a port or a name cannot be had, and `invalid_argument` when `bind` holds what is no numeric address, there
  /// is nothing to listen on, the certificate files cannot be used, or a rule of a user is wrong.
  static Result<std::unique_ptr<Server>> start(System& system, store::Store& store, ServerOptions options);
  static Result<std::unique_ptr<Server>> start(System& system, std::unique_ptr<Backend> backend, ServerOptions options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops, if that has not been done.
  ~Server();

  /// The port it listens on; of use when 0 was asked for. 0: on none.
  [[nodiscard]] std::uint16_t port() const noexcept { return context_.port; }
  /// All it listens on, for people.
  [[nodiscard]] const std::string& listens_on() const noexcept { return listens_on_; }
  /// Reads the certificate files again; connections from now on are shown the new ones. After an error, which the log
  /// tells, the old ones stay in use. Nothing without a port for TLS.
  void read_certificates_again();
  [[nodiscard]] ClientTotals totals() const { return context_.clients.totals(); }
  /// Sends `message` to all clients that have subscribed to `channel`, as PUBLISH does: for actors that share the
  /// system with the server. Gives how many subscriptions that were. Never waits: a client that does not read is cut
  /// off. Fails with `invalid_argument` if the name is too long to be compared with so many patterns (Channels). Not
  /// after `stop`.
  Result<std::size_t> publish(BytesView channel, BytesView message);

  /// Accepts nobody any more; each session answers the commands it has received, and is closed. One that has not
  /// ended after `ServerOptions::drain_limit` is cut off. Blocks. Calling it again does nothing.
  void stop();

 private:
  Server(System& system, std::unique_ptr<Backend> backend, ServerOptions options);
  void receive(std::unique_ptr<Connection> connection, bool speaks_tls);
  void refuse(std::unique_ptr<Connection> connection, std::string_view why);
  static Task<> say(std::unique_ptr<Connection> connection, std::string_view words);
  /// What is done once a second: closes what has been silent for too long, or has left too much unread; counts.
  static Task<> look_after(ServerContext& context);
  static Task<> drain(ServerContext& context);
  static Task<> cut_off(ServerContext& context, std::vector<std::shared_ptr<Session>> sessions, TaskGroup& finishing,
                        bool& late);

  ServerContext context_;
  std::string listens_on_;
  bool stopped_ = false;
  TaskGroup refusing_;
  TaskGroup accepting_;
};

}  // namespace understudy::server
