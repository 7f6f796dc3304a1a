#include "server/server.hpp"

#include "server/accepting.hpp"
#include "server/protected_mode.hpp"
#include "server/session.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/wait.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

class StoreBackend final : public Backend {
 public:
  explicit StoreBackend(store::Store& store) noexcept : store_(store) {}

  const Address<store::KeyValueMessage>& key_value() const noexcept override { return store_.key_value(); }
  Task<Result<bool>> reset(store::ActorType actor) override {
    const Address<store::RoutingMessage>& router = store_.router();
    co_return co_await router.ask<store::Reset>(actor).within(5s);
  }
  Task<Result<void>> flush_within(Duration limit) override { return store_.flush_within(limit); }
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
  std::unique_ptr<Server> server(new Server(system, std::move(backend), std::move(options)));
  ServerContext& context = server->context_;
  const Result<void> users = context.acl.set_up(context.options.acl);
  if (!users) return std::unexpected(users.error());
  context.tls.set_options(context.options.tls);
  if (context.options.tls_port) {
    const Result<void> read = context.tls.load();
    if (!read) return std::unexpected(read.error());
  }
  Result<Listeners> listeners = open_listeners(system.network(), context.options);
  if (!listeners) return std::unexpected(listeners.error());
  context.port = listeners->port;
  context.tls_port = listeners->tls_port;
  server->listens_on_ = std::move(listeners->description);
  for (OpenListener& each : listeners->all) {
    server->accepting_.spawn(accept_all(
        std::move(each.listener),
        [&own = *server, tls = each.speaks_tls](auto connection) { own.receive(std::move(connection), tls); }));
  }
  server->accepting_.spawn(look_after(context));
  return server;
}

Server::~Server() { stop(); }

void Server::receive(std::unique_ptr<Connection> connection, bool speaks_tls) {
  // Nothing can be said over TLS before its handshake, and those who are not served are not worth one.
  const auto turn_away = [&](std::string_view why) {
    context_.clients.count_rejected();
    if (!speaks_tls) refuse(std::move(connection), why);
  };
  if (is_refused_by_protected_mode(context_, *connection)) return turn_away(protected_mode_refusal);
  connection->keep_alive(context_.live.keep_alive());
  if (speaks_tls) connection = context_.tls.secure(std::move(connection));
  if (!context_.clients.admit(context_, connection)) turn_away("-ERR max number of clients reached\r\n");
}

void Server::refuse(std::unique_ptr<Connection> connection, std::string_view why) {
  // A few words go at once; whoever holds up so many of them is not told.
  constexpr std::size_t at_once_max = 100;
  if (refusing_.size() < at_once_max) refusing_.spawn(say(std::move(connection), why));
}

Task<> Server::say(std::unique_ptr<Connection> connection, std::string_view words) {
  Task<Result<void>> writing = connection->write_all(words);
  (void)co_await std::move(writing);
}

Task<> Server::look_after(ServerContext& context) {
  const Clock& clock = context.system.clock();
  TimePoint begun = clock.now();
  for (std::uint64_t before = 0;;) {
    co_await sleep(1s);
    context.clients.close_overdue(context);
    const std::uint64_t commands = context.clients.totals().commands;
    const TimePoint now = clock.now();
    const std::chrono::duration<double> passed = now - begun;
    context.commands_per_second.set(
        static_cast<std::uint64_t>(std::llround(static_cast<double>(commands - before) / passed.count())));
    before = commands;
    begun = now;
  }
}

Result<std::size_t> Server::publish(BytesView channel, BytesView message) {
  const std::optional<std::size_t> receivers = context_.channels.publish(channel, message);
  if (!receivers) {
    return failure(ErrorCode::invalid_argument, fmt::format("a channel's name of {} bytes is too long to compare with "
                                                            "all the patterns that clients have subscribed to",
                                                            channel.size()));
  }
  return *receivers;
}

void Server::read_certificates_again() {
  if (!context_.tls.loaded()) return;
  const std::scoped_lock lock(context_.configuring);
  const Result<void> read = context_.tls.load();
  if (read) {
    log_line(LogLevel::info, "the certificate files were read again");
  } else {
    log_line(LogLevel::error, fmt::format("{}; what was read before stays in use", read.error().message()));
  }
}

void Server::stop() {
  if (std::exchange(stopped_, true)) return;
  System& system = context_.system;
  accepting_.cancel();
  refusing_.cancel();
  context_.background.cancel();
  context_.pause.stop();
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
