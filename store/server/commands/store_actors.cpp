// UNDERSTUDY and its subcommands: the store's actors, seen and reset by hand.
#include "server/batch.hpp"
#include "server/command_table.hpp"
#include "server/commands/arguments.hpp"
#include "server/commands/client_name.hpp"
#include "server/commands/handlers.hpp"
#include "server/server_context.hpp"

#include <utility>

#include <fmt/format.h>

namespace understudy::server {

void understudy_help(SessionCall& call) { reply_with_help(*find_command("understudy"), call.reply); }

Task<> understudy_reset(SessionCall& call) {
  const BytesView name = call.arguments[2];
  const bool is_writer = is_word(name, "WRITER");
  if (!is_writer && !is_word(name, "KEY-VALUE")) {
    call.reply.error(fmt::format("ERR there is no actor '{}'; there are key-value and writer", name));
    co_return;
  }
  const store::ActorType actor = is_writer ? store::ActorType::writer : store::ActorType::key_value;
  Task<Result<bool>> resetting = call.server.store->reset(actor);
  const Result<bool> done = co_await std::move(resetting);
  if (!done) {
    call.reply.error(describe_failure(done.error()));
  } else if (!*done) {
    call.reply.error(fmt::format("ERR the {} actor is not running", name_of(actor)));
  } else {
    call.reply.simple("OK");
  }
}

void understudy_status(SessionCall& call) {
  const store::StoreStatistics statistics = call.server.store->statistics();
  RespWriter& reply = call.reply;
  const auto number = [&](std::string_view name, std::uint64_t value) {
    reply.bulk(name);
    reply.integer(static_cast<std::int64_t>(value));
  };
  reply.map(10);
  reply.bulk("version");
  reply.bulk(call.server.options.version);
  reply.bulk("durability");
  reply.bulk(name_of(call.server.options.durability));
  number("keys", statistics.keys);
  number("reads", statistics.reads);
  number("read-hits", statistics.read_hits);
  number("changes", statistics.changes);
  number("journal-commits", statistics.commits);
  number("journal-last-lsn", statistics.last_lsn);
  number("journal-durable-lsn", statistics.durable_lsn);
  number("key-value-incarnation", statistics.key_value_incarnation);
}

}  // namespace understudy::server
