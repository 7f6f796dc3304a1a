// Server: the store, for every client that speaks the Redis protocol (RESP2 and RESP3).
//
//     auto server = us::server::Server::start(system, *store, {.port = 6379}).value();
//     ...
//     server->stop();
//
// It listens through the system's network, so it also runs in a simulation.
//
// Threads: every member may be called from any thread that is no worker.
#pragma once

#include "server/server_context.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/store/store.hpp"

#include <memory>

namespace understudy::server {

class Server {
 public:
  /// Listens, and serves whoever connects. `system` and `store` must outlive the server. Fails with `storage_failed`
  /// when the port cannot be had, and `invalid_argument` when `bind` is no numeric address, or a rule of a user is
  /// wrong.
  static Result<std::unique_ptr<Server>> start(System& system, store::Store& store, ServerOptions options);
  static Result<std::unique_ptr<Server>> start(System& system, std::unique_ptr<Backend> backend, ServerOptions options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops, if that has not been done.
  ~Server();

  /// The port it listens on; of use when 0 was asked for.
  [[nodiscard]] std::uint16_t port() const noexcept { return context_.port; }
  [[nodiscard]] ClientTotals totals() const { return context_.clients.totals(); }

  /// Accepts nobody any more; each session answers the commands it has received, and is closed. One that has not
  /// ended after `ServerOptions::drain_limit` is cut off. Blocks. Calling it again does nothing.
  void stop();

 private:
  Server(System& system, std::unique_ptr<Backend> backend, ServerOptions options);
  static Task<> accept_all(Server& server, std::unique_ptr<Listener> listener);
  static Task<> refuse(std::unique_ptr<Connection> connection);
  static Task<> drain(ServerContext& context);
  static Task<> cut_off(ServerContext& context, std::vector<std::shared_ptr<Session>> sessions, TaskGroup& finishing,
                        bool& late);

  ServerContext context_;
  bool stopped_ = false;
  TaskGroup refusing_;
  TaskGroup accepting_;
};

}  // namespace understudy::server
