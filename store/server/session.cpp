#include "server/session.hpp"

#include "server/commands/handlers.hpp"
#include "server/gate.hpp"
#include "server/monitor_line.hpp"
#include "server/spare.hpp"
#include "understudy/base/logging.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

/// What a session that waits keeps of the memory for its replies.
constexpr std::size_t idle_output_bytes_max = 512;

}  // namespace

Session::Session(ServerContext& server, std::unique_ptr<Connection> connection, ClientFacts facts)
    : server_(server),
      client_(std::move(facts), server.acl),
      connection_(std::move(connection)),
      reply_(output_),
      conversation_(server.channels, [this] { return open_outbox(); }),
      task_(server.system) {}

Session::~Session() { end_pushes(); }

std::shared_ptr<Outbox> Session::open_outbox() {
  if (outbox_ == nullptr) {
    outbox_ = std::make_shared<Outbox>(server_.system, connection_, server_.options.subscriber_output,
                                       [&clients = server_.clients, id = client_.facts().id] { clients.cut_off(id); });
    outbox_->set_version(reply_.version());
    client_.change([&](ClientFacts& facts) { facts.outbox = outbox_; });
  }
  return outbox_;
}

void Session::end_pushes() {
  conversation_.subscriptions.clear();
  if (outbox_ != nullptr) outbox_->close();
}

void Session::start(std::function<void(Session&)> ended) { task_.spawn(run(*this, std::move(ended))); }

void Session::ask_to_stop() {
  if (client_.ask_to_stop()) task_.cancel();
}

Task<> Session::run(Session& session, std::function<void(Session&)> ended) {
  try {
    co_await session.serve();
  } catch (const std::exception& error) {
    log_line(LogLevel::error, fmt::format("a session ended by an exception: {}", error.what()));
  }
  if (!session.unfinished_) session.close_connection();
  // From here on the session may be destroyed by others.
  ended(session);
}

Task<> Session::serve() {
  for (;;) {
    let_go();
    progress_.active = server_.system.clock().now();
    note_memory();
    if (!client_.begin_reading(progress_)) co_return;
    Task<Result<std::size_t>> read = connection_->read_when_ready(*this);
    const Result<std::size_t> count = co_await std::move(read);
    const bool undisturbed = client_.end_reading();
    if (!count || *count == 0) co_return;
    progress_.bytes_read += *count;
    received_->commit(*count);
    if (!undisturbed) {
      unfinished_ = true;
      co_return;
    }
    const Next next = co_await execute_received();
    if (next == Next::close) co_return;
  }
}

Task<> Session::finish(std::shared_ptr<Session> session) {
  co_await session->task_.join();
  if (std::exchange(session->unfinished_, false)) (void)co_await session->execute_received();
  session->close_connection();
}

std::span<char> Session::room() {
  if (received_ == nullptr) {
    received_ = Spare<RequestBuffer>::take();
    received_->begin(read_size_);
  }
  return received_->room();
}

void Session::let_go() {
  if (batch_ != nullptr) {
    if (batch_->replies.capacity() < output_.capacity()) batch_->replies.swap(output_);
    Spare<Batch>::give(std::move(batch_));
  }
  if (output_.capacity() > idle_output_bytes_max) std::string().swap(output_);
}

void Session::note_memory() noexcept {
  const bool waits_amid_a_request = received_ != nullptr && !received_->idle();  // An idle one is given back.
  progress_.unfinished_bytes = waits_amid_a_request ? received_->unread() : 0;
  progress_.free_bytes = waits_amid_a_request ? received_->unused() : 0;
  progress_.memory_bytes = sizeof(Session) + output_.capacity() + (waits_amid_a_request ? received_->allocated() : 0);
}

void Session::give_back() noexcept {
  if (received_ == nullptr || !received_->idle()) return;
  read_size_ = received_->size_hint();
  Spare<RequestBuffer>::give(std::move(received_));
}

void Session::close_connection() {
  end_pushes();
  std::shared_ptr<Connection> closed;
  client_.change([&](ClientFacts&) { closed = std::move(connection_); });
}

bool Session::is_silent(TimePoint now, Duration idle, Duration handshake) {
  const std::optional<TimePoint> since = client_.reading_since();
  bool silent = false;
  client_.look([&](const ClientFacts& facts) {
    if (connection_ == nullptr) return;
    // Who is only to be told of things has nothing to say.
    const bool listens = facts.channels > 0 || facts.patterns > 0 || facts.monitors;
    silent = connection_->established() ? since && !listens && idle > Duration{0} && now - *since >= idle
                                        : handshake > Duration{0} && now - facts.connected >= handshake;
  });
  return silent;
}

void Session::hang_up() {
  client_.change([&](ClientFacts&) {
    if (connection_ != nullptr) connection_->shut_down();
  });
}

Task<> Session::join(std::shared_ptr<Session> session) { co_await session->task_.join(); }

Task<Session::Next> Session::execute_received() {
  Next next = Next::go_on;
  do {
    if (!client_.login().refresh()) co_return Next::close;
    gather();
    const std::size_t count = received_->requests().size();
    for (std::size_t index = 0; index < count && next == Next::go_on;) {
      const std::size_t first = index;
      while (index < count && joins_neighbours(received_->requests()[index])) ++index;
      Task<Next> executing = index > first ? execute_data(first, index) : execute_one(index++);
      next = co_await std::move(executing);
      if (next == Next::go_on && output_.size() >= server_.options.output_bytes_max) next = co_await write();
    }
    if (next == Next::go_on) end_gathered();
    if (next == Next::go_on && !received_->protocol_error().empty()) {
      reply_.error(received_->protocol_error());
      next = Next::close;
    }
    if (std::exchange(received_is_shared_, false)) {
      received_ = received_->successor();
    } else {
      received_->drop_gathered();
    }
  } while (next == Next::go_on && received_->has_more());
  if (next == Next::go_on && received_->unread() > server_.live.request_bytes_max()) {
    // Without a word to the client, as Redis does it: it has not been heard to the end.
    log_line(LogLevel::warning, fmt::format("{} has sent {} bytes of a request that is not complete, and is cut off",
                                            client_.facts().peer, received_->unread()));
    next = Next::close;
  }
  if (next == Next::go_on && write_at_once()) co_return next;
  const Next written = co_await write(next == Next::close);
  co_return next == Next::close ? next : written;
}

void Session::gather() {
  const ServerOptions& options = server_.options;
  // What a client may send depends on who it is: so until it has said that, one request is read at a time.
  const bool unknown = client_.login().must_authenticate();
  RespLimits limits = server_.live.request_limits();
  limits.unauthenticated = unknown;
  received_->set_limits(limits);
  received_->gather({.requests = unknown ? 1 : options.batch_requests_max, .bytes = options.batch_bytes_max});
}

void Session::end_gathered() noexcept {
  const std::span<const RequestBuffer::Request> requests = received_->requests();
  if (requests.empty()) return;
  const Command* last = requests.back().lookup.command;
  progress_.command = last == nullptr ? nullptr : &last->name;
  progress_.commands += requests.size();
}

/// Where the data commands from `first` on are no longer all reads, or all writes.
std::size_t Session::end_of_stretch(std::size_t first, std::size_t last) const {
  const auto writes = [this](std::size_t index) {
    return (received_->requests()[index].lookup.command->flags & flag::write) != 0;
  };
  std::size_t end = first + 1;
  while (end < last && writes(end) == writes(first)) ++end;
  return end;
}

Task<Session::Next> Session::execute_data(std::size_t first, std::size_t last) {
  bool apart = false;  // Reads in operations of their own.
  while (first < last) {
    const std::size_t end = apart ? end_of_stretch(first, last) : last;
    if (batch_ == nullptr) batch_ = Spare<Batch>::take();
    const std::shared_ptr<Batch> batch = batch_;
    batch->requests = received_;
    batch->next = first;
    batch->last = end;
    batch->replies_bytes_max = server_.options.output_bytes_max;
    batch->protocol = reply_.version();
    batch->slow.begin(server_);
    Task<Result<void>> operation = server_.store->operate(store::Operation(batch));
    const Result<void> done = co_await std::move(operation);
    if (!done) {
      // The operation may be running still: it keeps the batch and what was received; the session goes on with others.
      batch_.reset();
      received_is_shared_ = true;
      // Of what finds no room nothing is done; and reads need none.
      if (done.error() == ErrorCode::storage_full && !apart && end_of_stretch(first, last) < last) {
        apart = true;
        continue;
      }
      const std::string error = describe_failure(done.error());
      for (; first < end; ++first) reply_.error(error);
      continue;
    }
    batch->slow.note(server_, client_,
                     [this](std::size_t index) { return received_->arguments(received_->requests()[index]); });
    first = batch->next;
    if (output_.empty()) {
      output_.swap(batch->replies);
    } else {
      output_ += batch->replies;
      batch->replies.clear();
    }
    if (first < last) {
      const Next next = co_await write();
      if (next == Next::close) co_return next;
    }
  }
  co_return Next::go_on;
}

bool Session::joins_neighbours(const RequestBuffer::Request& request) const noexcept {
  return request.lookup.problem == Lookup::Problem::none && request.lookup.command->data != nullptr &&
         may_run(client_.login(), *request.lookup.command, received_->arguments(request)) &&
         !conversation_.is_special(reply_.version()) && !server_.channels.has_monitors() && !server_.pause.is_on();
}

bool Session::is_put_off(const Command& command, Arguments arguments) {
  if (!conversation_.allows(command, reply_.version())) {
    reply_.error(
        fmt::format("ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed "
                    "in this context",
                    command.name));
    return true;
  }
  CommandQueue& queue = conversation_.queue;
  if (!queue.is_open() || runs_inside_multi(command)) return false;
  if ((command.flags & flag::no_multi) != 0) {
    queue.spoil();
    reply_.error("ERR Command not allowed inside a transaction");
  } else if (queue.add(command, arguments, server_.options.transaction_bytes_max)) {
    client_.change([&](ClientFacts& facts) { facts.queued = static_cast<std::int64_t>(queue.size()); });
    reply_.simple("QUEUED");
  } else {
    reply_.error(fmt::format("ERR the commands of a transaction may need at most {} bytes",
                             server_.options.transaction_bytes_max));
  }
  return true;
}

void Session::reply_to_refused(const Lookup& lookup, Arguments arguments) {
  if (lookup.command != nullptr && lookup.command->task == exec) {
    // A transaction ends with its EXEC, also with one that is none.
    end_transaction();
    reply_.error("EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command");
    return;
  }
  conversation_.queue.spoil();
  reply_to_problem(lookup, arguments, reply_);
}

void Session::end_transaction() {
  conversation_.end_transaction();
  client_.change([](ClientFacts& facts) { facts.queued = -1; });
}

Task<Session::Next> Session::execute_one(std::size_t index) {
  const std::size_t before = output_.size();
  const bool muted = conversation_.reply_switch.mutes();
  const Next next = co_await run_command(index);
  // A reply that filled the buffer has been written: one that was asked not to be sent is held back as far as it can.
  if (conversation_.reply_switch.end_command(muted)) output_.resize(std::min(output_.size(), before));
  co_return next;
}

Task<Session::Next> Session::run_command(std::size_t index) {
  const RequestBuffer::Request request = received_->requests()[index];
  const Arguments arguments = received_->arguments(request);
  if (request.lookup.problem != Lookup::Problem::none) {
    reply_to_refused(request.lookup, arguments);
    co_return Next::go_on;
  }
  const Command& command = *request.lookup.command;
  // Who may not run it is told at once.
  if (server_.pause.is_on() && may_run(client_.login(), command, arguments)) {
    Task<> waiting = server_.pause.wait(command, conversation_.queue);
    co_await std::move(waiting);
    if (!client_.login().refresh()) co_return Next::close;
  }
  const Place place = conversation_.queue.is_open() ? Place::transaction : Place::top_level;
  if (!admit(server_, client_, command, arguments, place, reply_)) {
    conversation_.queue.spoil();
    if (command.task == exec && place == Place::transaction) end_transaction();
    co_return Next::go_on;
  }
  if (is_put_off(command, arguments)) co_return Next::go_on;
  // EXEC shows itself, behind what it runs.
  if (command.task != exec) show_to_monitors(server_, client_, command, arguments);
  if (command.data != nullptr) {
    const Next next = co_await execute_data(index, index + 1);
    co_return next;
  }
  SessionCall call{
      .server = server_, .client = client_, .conversation = conversation_, .arguments = arguments, .reply = reply_};
  if (command.session != nullptr) {
    command.session(call);
  } else {
    Task<> task = command.task(call);
    co_await std::move(task);
  }
  if (outbox_ != nullptr) outbox_->set_version(reply_.version());
  // Its own user may have been changed by it.
  if (!client_.login().refresh()) call.close = true;
  co_return call.close ? Next::close : Next::go_on;
}

bool Session::write_at_once() {
  constexpr std::size_t short_output_bytes = std::size_t{64} << 10U;
  if (outbox_ != nullptr || output_.size() > short_output_bytes) return false;
  const std::size_t count = output_.empty() ? 0 : connection_->try_write(output_);
  progress_.bytes_written += count;
  output_.erase(0, count);
  return output_.empty();
}

Task<Session::Next> Session::write(bool last) {
  if (output_.empty() && outbox_ == nullptr) co_return Next::go_on;
  progress_.bytes_written += output_.size();
  Task<Result<void>> writing = outbox_ == nullptr ? connection_->write_all(output_)
                                                  : outbox_->send(output_, last ? 0 : server_.options.output_bytes_max);
  const Result<void> written = co_await std::move(writing);
  // A very long reply is not paid for ever after.
  if (output_.capacity() > 2 * server_.options.output_bytes_max) std::string().swap(output_);
  output_.clear();
  co_return written ? Next::go_on : Next::close;
}

}  // namespace understudy::server
