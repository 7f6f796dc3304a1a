#include "server/server.hpp"

#include "server/session.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/wait.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

class StoreBackend final : public Backend {
 public:
  explicit StoreBackend(store::Store& store) noexcept : store_(store) {}

  Task<Result<void>> operate(std::move_only_function<void(store::Transaction&)> operation) override {
    return store_.operate(std::move(operation));
  }
  Task<Result<bool>> reset(store::ActorType actor) override {
    const Address<store::RoutingMessage>& router = store_.router();
    co_return co_await router.ask<store::Reset>(actor).within(5s);
  }
  Task<Result<SnapshotReport>> take_snapshot() override { return store_.take_snapshot(); }
  store::StoreStatistics statistics() override { return store_.statistics(); }
  void set_memory_limit(std::uint64_t bytes, store::WhenMemoryFull when_full) override {
    store_.set_memory_limit(bytes, when_full);
  }

 private:
  store::Store& store_;
};

std::string make_run_id(System& system) {
  std::string id;
  while (id.size() < 40) id += fmt::format("{:016x}", system.random_number());
  id.resize(40);
  return id;
}

}  // namespace

Server::Server(System& system, std::unique_ptr<Backend> backend, ServerOptions options)
    : context_{.system = system,
               .options = std::move(options),
               .store = std::move(backend),
               .started = system.clock().now(),
               .started_at = system.clock().wall_now(),
               .run_id = make_run_id(system),
               .slow_log = {},
               .background = TaskGroup(system),
               .channels = {},
               .acl = {},
               .clients = Clients(system)},
      refusing_(system),
      accepting_(system) {}

Result<std::unique_ptr<Server>> Server::start(System& system, store::Store& store, ServerOptions options) {
  return start(system, std::make_unique<StoreBackend>(store), std::move(options));
}

Result<std::unique_ptr<Server>> Server::start(System& system, std::unique_ptr<Backend> backend, ServerOptions options) {
  Result<std::unique_ptr<Listener>> listener = system.network().listen(options.bind, options.port);
  if (!listener) return std::unexpected(listener.error());
  std::unique_ptr<Server> server(new Server(system, std::move(backend), std::move(options)));
  const Result<void> users = server->context_.acl.set_up(server->context_.options.acl);
  if (!users) return std::unexpected(users.error());
  server->context_.port = (*listener)->port();
  server->accepting_.spawn(accept_all(*server, std::move(*listener)));
  return server;
}

Server::~Server() { stop(); }

Task<> Server::accept_all(Server& server, std::unique_ptr<Listener> listener) {
  Duration pause{0};
  for (;;) {
    Result<std::unique_ptr<Connection>> connection = co_await listener->accept();
    if (!connection) {
      // It may pass: no file handle is left, or the client has gone already. One line for each run of failures.
      if (pause == Duration{0}) log_line(LogLevel::warning, connection.error().message());
      pause = std::clamp<Duration>(2 * pause, 10ms, 1s);
      co_await sleep(pause);
      continue;
    }
    pause = Duration{0};
    if (!server.context_.clients.admit(server.context_, *connection)) {
      server.refusing_.spawn(refuse(std::move(*connection)));
    }
  }
}

Task<> Server::refuse(std::unique_ptr<Connection> connection) {
  (void)co_await connection->write_all("-ERR max number of clients reached\r\n");
}

void Server::stop() {
  if (std::exchange(stopped_, true)) return;
  System& system = context_.system;
  accepting_.cancel();
  refusing_.cancel();
  context_.background.cancel();
  (void)wait(system, accepting_.join());
  (void)wait(system, refusing_.join());
  (void)wait(system, context_.background.join());
  (void)wait(system, drain(context_));
  (void)wait(system, context_.clients.join());
  context_.clients.clear();
}

Task<> Server::drain(ServerContext& context) {
  const std::vector<std::shared_ptr<Session>> sessions = context.clients.stop();
  bool late = false;
  TaskGroup finishing(context.system);
  TaskGroup watching(context.system);
  for (const auto& session : sessions) finishing.spawn(Session::finish(session));
  watching.spawn(cut_off(context, sessions, finishing, late));
  co_await finishing.join();
  watching.cancel();
  co_await watching.join();
  if (!late) co_return;
  for (const auto& session : sessions) co_await Session::join(session);
}

Task<> Server::cut_off(ServerContext& context, std::vector<std::shared_ptr<Session>> sessions, TaskGroup& finishing,
                       bool& late) {
  co_await sleep(context.options.drain_limit);
  late = true;
  log_line(LogLevel::warning, fmt::format("{} connections had not ended in time and are cut off", finishing.size()));
  for (const auto& session : sessions) session->cancel();
  finishing.cancel();
}

}  // namespace understudy::server
