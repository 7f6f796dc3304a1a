// MULTI, EXEC and what goes with them.
#include "server/batch.hpp"
#include "server/client.hpp"
#include "server/command_table.hpp"
#include "server/commands/handlers.hpp"
#include "server/conversation.hpp"
#include "server/gate.hpp"
#include "server/monitor_line.hpp"
#include "server/server_context.hpp"

#include <algorithm>
#include <memory>
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
  transacted->protocol = call.reply.version();
  end_transaction(call);
  if (spoilt) {
    call.reply.error("EXECABORT Transaction discarded because of previous errors.");
    co_return;
  }
  const auto show = [&call](const QueuedCommand& queued) {
    show_to_monitors(call.server, call.client, queued.command(), queued.words());
  };
  for (QueuedCommand& queued : transacted->commands) {
    RespWriter refusal(queued.refusal, call.reply.version());
    static_cast<void>(admit_queued(call.server, call.client, queued.command(), queued.words(), refusal));
  }
  const bool has_data = std::ranges::any_of(transacted->commands, runs_in_store);
  if (has_data || transacted->watch != nullptr) {
    transacted->slow.begin(call.server);
    Task<Result<void>> operation =
        call.server.store->operate([transacted](store::Transaction& store) { run_transaction(*transacted, store); });
    const Result<void> done = co_await std::move(operation);
    if (!done) {
      call.reply.error(describe_failure(done.error()));
      co_return;
    }
    transacted->slow.note(call.server, call.client,
                          [&](std::size_t index) { return transacted->commands[index].words(); });
  }
  if (transacted->outcome == Transacted::Outcome::watched_key_changed) {
    call.reply.null_array();
    co_return;
  }
  if (transacted->outcome == Transacted::Outcome::no_room) {
    call.reply.error(
        "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.");
    co_return;
  }
  if (transacted->is_all_data()) {
    std::ranges::for_each(transacted->commands, show);
    call.reply.append(std::move(transacted->replies));
    co_return;
  }
  // Commands that are not about the store run here, behind those that are; each reply has its place all the same.
  call.reply.array(transacted->commands.size());
  std::size_t begin = 0;
  auto next_end = transacted->ends.begin();
  for (const QueuedCommand& queued : transacted->commands) {
    if (!queued.refusal.empty()) {
      call.reply.append(queued.refusal);
      continue;
    }
    show(queued);
    if (runs_in_store(queued)) {
      call.reply.append(std::string_view(transacted->replies).substr(begin, *next_end - begin));
      begin = *next_end++;
      continue;
    }
    SessionCall inner{.server = call.server,
                      .client = call.client,
                      .conversation = conversation,
                      .arguments = queued.words(),
                      .reply = call.reply,
                      .may_wait = false};
    if (queued.command().session != nullptr) {
      queued.command().session(inner);
    } else {
      Task<> task = queued.command().task(inner);
      co_await std::move(task);
    }
    call.close = call.close || inner.close;
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
  Task<Result<void>> operation = call.server.store->operate([watching](store::Transaction& store) {
    for (auto& [key, was_there] : watching->keys) {
      was_there = store.get(key).has_value();
      store.watch(key, watching->watch);
    }
  });
  const Result<void> done = co_await std::move(operation);
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
