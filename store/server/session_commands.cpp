// Of a session: the commands that it runs one by one, since they are about the connection or the server, or since
// something about the connection has each looked at by itself.
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/operate.hpp"
#include "server/gate.hpp"
#include "server/monitor_line.hpp"
#include "server/session.hpp"
#include "server/slow_commands.hpp"
#include "understudy/base/logging.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

/// The beginning of a request of HTTP, or a line that every one has. A web page can have a browser send one to where
/// the page cannot get by itself, with commands in it.
bool is_http(const Lookup& lookup, Arguments arguments) noexcept {
  return lookup.problem == Lookup::Problem::unknown_command &&
         (is_word(arguments[0], "POST") || is_word(arguments[0], "HOST:"));
}

}  // namespace

void Session::refuse_here(const Command& command, std::string_view error) {
  if (command.task == exec) {
    end_transaction();
  } else {
    conversation_.queue.spoil();
  }
  reply_refusal(command, error, reply_);
}

bool Session::is_put_off(const Command& command, Arguments arguments) {
  if (!conversation_.allows(command, reply_.version())) {
    refuse_here(command,
                fmt::format("ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                            "allowed in this context",
                            command.name));
    return true;
  }
  // Redis takes who watches all commands for a replica.
  if (conversation_.subscriptions.monitors() &&
      ((command.flags & (flag::readonly | flag::write)) != 0 || command.session == publish)) {
    refuse_here(command, "ERR Replica can't interact with the keyspace");
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

void Session::note_http() {
  // A line a minute, lest they fill the log.
  const TimePoint now = clock_.now();
  if (now < server_.http_noted_until()) return;
  server_.http_noted_until.set(now + std::chrono::minutes(1));
  log_line(LogLevel::warning, fmt::format("{} has sent a request of HTTP, perhaps for a web page that attacks this "
                                          "server; its connection is closed",
                                          client_.facts().peer));
}

void Session::reply_to_refused(const Lookup& lookup, Arguments arguments) {
  if (lookup.command != nullptr && lookup.command->task == exec) {
    // A transaction ends with its EXEC, also with one that is none.
    refuse_here(*lookup.command, "ERR wrong number of arguments for 'exec' command");
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
  if (server_.pause.is_on()) {
    Task<Next> waiting = wait_for_pause(index);
    const Next next = co_await std::move(waiting);
    if (next == Next::close) co_return next;
  }
  const std::size_t before = output_.size();
  const bool muted = conversation_.reply_switch.mutes();
  const Next next = co_await run_command(index);
  // A reply that filled the buffer has been written: one that was asked not to be sent is held back as far as it can.
  if (conversation_.reply_switch.end_command(muted)) output_.resize(std::min(output_.size(), before));
  co_return next;
}

Task<Session::Next> Session::wait_for_pause(std::size_t index) {
  const RequestBuffer::Request request = received_->requests()[index];
  if (request.lookup.problem != Lookup::Problem::none) co_return Next::go_on;
  const Command& command = *request.lookup.command;
  // Who may not run it is told at once.
  if (!server_.pause.holds(command, conversation_.queue) ||
      !may_run(client_.login(), command, received_->arguments(request))) {
    co_return Next::go_on;
  }
  Task<Next> writing = write();  // The replies to what came before it need not wait.
  const Next written = co_await std::move(writing);
  if (written == Next::close) co_return written;
  Task<> waiting = server_.pause.wait(command, conversation_.queue);
  co_await std::move(waiting);
  co_return client_.login().refresh() ? Next::go_on : Next::close;
}

Task<Session::Next> Session::run_command(std::size_t index) {
  const RequestBuffer::Request request = received_->requests()[index];
  const Arguments arguments = received_->arguments(request);
  if (is_http(request.lookup, arguments)) {
    // As Redis does: not a word, and nothing of what comes behind it.
    note_http();
    co_return Next::close;
  }
  if (request.lookup.problem != Lookup::Problem::none) {
    reply_to_refused(request.lookup, arguments);
    co_return Next::go_on;
  }
  const Command& command = *request.lookup.command;
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
    store::Operation operation = begin_operation(index, index + 1);
    Task<Result<void>> operating = operate(server_, conversation_, std::move(operation));
    const Result<void> done = co_await std::move(operating);
    static_cast<void>(end_operation(done, index, index + 1));
    co_return Next::go_on;
  }
  SessionCall call{
      .server = server_, .client = client_, .conversation = conversation_, .arguments = arguments, .reply = reply_};
  if (command.session != nullptr) {
    run_timed(command, call);
  } else {
    Task<> task = command.task(call);
    co_await std::move(task);
  }
  if (outbox_ != nullptr) outbox_->set_version(reply_.version());
  // Its own user may have been changed by it.
  if (!client_.login().refresh()) call.close = true;
  co_return call.close ? Next::close : Next::go_on;
}

}  // namespace understudy::server
