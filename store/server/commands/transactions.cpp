// MULTI, EXEC and what goes with them.
#include "server/batch.hpp"
#include "server/client.hpp"
#include "server/command_table.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/operate.hpp"
#include "server/conversation.hpp"
#include "server/gate.hpp"
#include "server/monitor_line.hpp"
#include "server/server_context.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

void end_transaction(SessionCall& call) {
  call.conversation.forget_watched();
  call.client.change([](ClientFacts& facts) { facts.queued = -1; });
}

/// What an operation that registers a watch owns.
struct Watching {
  std::shared_ptr<store::Watch> watch;
  WatchedKeys keys;
};

/// What a watched key takes, here and in the store, beside two copies of its name.
constexpr std::size_t watched_key_overhead_bytes = 256;

/// Runs `operation` over what EXEC runs. False if nothing is to run: the reply says why.
Task<bool> run(SessionCall& call, std::shared_ptr<Transacted> transacted, store::Operation operation) {
  Task<Result<void>> operating = operate(call.server, call.conversation, std::move(operation));
  const Result<void> done = co_await std::move(operating);
  if (!done) {
    call.reply.error(describe_failure(done.error()));
  } else if (transacted->outcome == Transacted::Outcome::watched_key_changed) {
    call.reply.null_array();
  } else if (transacted->outcome == Transacted::Outcome::no_room) {
    call.reply.error(
        "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.");
  } else {
    co_return true;
  }
  co_return false;
}

/// Looks, as whoever the client is now, whether these may run, and in which form their replies are. A client whose user
/// is gone runs none.
void check(SessionCall& call, std::span<QueuedCommand> commands) {
  const bool is_gone = !call.client.login().refresh();
  call.close = call.close || is_gone;
  for (QueuedCommand& queued : commands) {
    queued.protocol = call.reply.version();
    RespWriter refusal(queued.reply, queued.protocol);
    queued.was_refused = is_gone || !admit_queued(call.server, call.client, queued.command(), queued.words(), refusal);
    queued.settled = queued.was_refused;
  }
}

/// Runs a command that is not about the store.
Task<> run_in_session(SessionCall& call, QueuedCommand& queued) {
  queued.settled = true;
  RespWriter reply(queued.reply, call.reply.version());
  SessionCall inner{.server = call.server,
                    .client = call.client,
                    .conversation = call.conversation,
                    .arguments = queued.words(),
                    .reply = reply,
                    .may_wait = false};
  if (queued.command().session != nullptr) {
    run_timed(queued.command(), inner);
  } else {
    Task<> task = queued.command().task(inner);
    co_await std::move(task);
  }
  call.reply.set_version(reply.version());
  call.close = call.close || inner.close;
}

/// Runs those of the commands that are not about the store, in their order, and finds out which replies are to be sent:
/// CLIENT REPLY may be among them; and of a client that cuts itself off, none behind that.
Task<> run_beside_the_store(SessionCall& call, std::span<QueuedCommand> commands) {
  ReplySwitch& replies = call.conversation.reply_switch;
  for (QueuedCommand& queued : commands) {
    const bool was_closed = call.close;
    if (!runs_in_store(queued) && !queued.settled) {
      Task<> running = run_in_session(call, queued);
      co_await std::move(running);
    }
    const bool is_message = std::exchange(replies.writer_decides, false);
    queued.muted = was_closed || (replies.mutes() && !is_message);
  }
}

/// Whether it may change who the client is, what its user may do, or its protocol.
bool changes_the_client(const QueuedCommand& queued) {
  const Command& command = queued.command();
  return command.task == auth || command.task == hello || command.task == acl_load || command.session == acl_setuser ||
         command.session == acl_deluser;
}

/// How many commands, from the first, there are up to the last that changes the client: what comes behind it depends on
/// it.
std::size_t ahead_of_the_store(std::span<const QueuedCommand> commands) {
  std::size_t count = commands.size();
  while (count > 0 && !changes_the_client(commands[count - 1])) --count;
  return count;
}

/// The queued commands run, whatever comes of it.
Task<> execute_queued(SessionCall& call) {
  Conversation& conversation = call.conversation;
  if (!conversation.queue.is_open()) {
    call.reply.error("ERR EXEC without MULTI");
    co_return;
  }
  const bool spoilt = conversation.queue.is_spoilt();
  auto transacted = std::make_shared<Transacted>();
  transacted->commands = conversation.queue.take();
  transacted->watch = conversation.watch;
  transacted->watched = std::move(conversation.watched);
  end_transaction(call);
  if (spoilt) {
    call.reply.error("EXECABORT Transaction discarded because of previous errors.");
    co_return;
  }
  const std::span<QueuedCommand> all = transacted->commands;
  const bool header_muted = conversation.reply_switch.mutes();
  // Who the client is must be known before what it may do in the store. That needs a look first at whether anything is
  // to be done at all; what changes between that look and the operation undoes the operation, but no login.
  const std::size_t ahead = ahead_of_the_store(all);
  if (ahead > 0) {
    Task<bool> looking = run(
        call, transacted, [transacted](store::Transaction& store) { static_cast<void>(may_run(*transacted, store)); });
    const bool goes_on = co_await std::move(looking);
    if (!goes_on) co_return;
    for (std::size_t index = 0; index < ahead; ++index) {
      check(call, all.subspan(index, 1));
      Task<> running = run_beside_the_store(call, all.subspan(index, 1));
      co_await std::move(running);
    }
  }
  check(call, all.subspan(ahead));
  if (std::ranges::any_of(all, runs_in_store) || transacted->watch != nullptr) {
    transacted->replies_are_whole = !header_muted && std::ranges::all_of(all, runs_in_store);
    transacted->slow.begin(call.server.slow_log.threshold(), call.server.system.clock());
    Task<bool> operating =
        run(call, transacted, [transacted](store::Transaction& store) { run_transaction(*transacted, store); });
    const bool goes_on = co_await std::move(operating);
    if (!goes_on) co_return;
    transacted->slow.note(call.server, call.client, [all](std::size_t index) { return all[index].words(); });
  }
  if (transacted->replies_are_whole) {
    call.reply.append(std::move(transacted->replies));
    for (const QueuedCommand& queued : all)
      show_to_monitors(call.server, call.client, queued.command(), queued.words());
    co_return;
  }
  Task<> running = run_beside_the_store(call, all.subspan(ahead));
  co_await std::move(running);
  // Each reply has its place, whenever its command has run.
  conversation.reply_switch.writer_decides = true;
  if (!header_muted) call.reply.array(all.size());
  std::size_t begin = 0;
  auto next_end = transacted->ends.begin();
  for (const QueuedCommand& queued : all) {
    std::string_view reply = queued.reply;
    if (runs_in_store(queued)) {
      reply = std::string_view(transacted->replies).substr(begin, *next_end - begin);
      begin = *next_end++;
    }
    if (!queued.muted) call.reply.append(reply);
    if (!queued.was_refused) show_to_monitors(call.server, call.client, queued.command(), queued.words());
  }
}

}  // namespace

void multi(SessionCall& call) {
  if (call.conversation.queue.is_open()) {
    call.reply.error("ERR MULTI calls can not be nested");
    return;
  }
  call.conversation.queue.open();
  call.client.change([](ClientFacts& facts) { facts.queued = 0; });
  call.reply.simple("OK");
}

void discard(SessionCall& call) {
  if (!call.conversation.queue.is_open()) {
    call.reply.error("ERR DISCARD without MULTI");
    return;
  }
  static_cast<void>(call.conversation.queue.take());
  end_transaction(call);
  call.reply.simple("OK");
}

Task<> exec(SessionCall& call) {
  Task<> running = execute_queued(call);
  co_await std::move(running);
  // Behind the commands, as Redis shows it.
  show_to_monitors(call.server, call.client, *find_command("exec"), call.arguments);
}

Task<> watch(SessionCall& call) {
  Conversation& conversation = call.conversation;
  if (conversation.queue.is_open()) {
    call.reply.error("ERR WATCH inside MULTI is not allowed");
    co_return;
  }
  auto watching = std::make_shared<Watching>();
  watching->watch = conversation.watch != nullptr ? conversation.watch : std::make_shared<store::Watch>();
  std::size_t bytes = conversation.watched_bytes;
  for (const BytesView key : call.arguments.subspan(1)) {
    if (conversation.watched.contains(key)) continue;
    if (watching->keys.emplace(key, false).second) bytes += watched_key_overhead_bytes + 2 * key.size();
  }
  if (bytes > call.server.options.transaction_bytes_max) {
    call.reply.error(fmt::format("ERR the keys that a connection watches may need at most {} bytes",
                                 call.server.options.transaction_bytes_max));
    co_return;
  }
  store::Operation operation = [watching](store::Transaction& store) {
    for (auto& [key, was_there] : watching->keys) {
      was_there = store.get(key).has_value();
      store.watch(key, watching->watch);
    }
  };
  Task<Result<void>> watching_keys = operate(call.server, conversation, std::move(operation));
  const Result<void> done = co_await std::move(watching_keys);
  if (!done) {
    call.reply.error(describe_failure(done.error()));
    co_return;
  }
  conversation.watch = std::move(watching->watch);
  conversation.watched.merge(watching->keys);
  conversation.watched_bytes = bytes;
  call.reply.simple("OK");
}

void unwatch(SessionCall& call) {
  call.conversation.forget_watched();
  call.reply.simple("OK");
}

}  // namespace understudy::server
