// UNDERSTUDY and its subcommands: the store's actors, seen and reset by hand.
#include "server/batch.hpp"
#include "server/command_table.hpp"
#include "server/commands/arguments.hpp"
#include "server/commands/client_name.hpp"
#include "server/commands/handlers.hpp"
#include "server/conversation.hpp"
#include "server/server_context.hpp"
#include "understudy/actor/snapshot.hpp"
#include "understudy/supervision/incident.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy::server {

void understudy_help(SessionCall& call) { reply_with_help(*find_command("understudy"), call.reply); }

void understudy_actors(SessionCall& call) { call.reply.verbatim("txt", describe(call.server.system.snapshot())); }

void understudy_incidents(SessionCall& call) {
  const std::vector<Incident> incidents =
      call.server.options.incidents ? call.server.options.incidents() : std::vector<Incident>();
  call.reply.array(incidents.size());
  for (const Incident& incident : incidents) call.reply.verbatim("txt", describe(incident));
}

void understudy_durability(SessionCall& call) {
  std::optional<Durability>& durability = call.conversation.durability;
  if (call.arguments.size() == 2) {
    call.reply.bulk(name_of(durability.value_or(call.server.options.durability)));
    return;
  }
  const BytesView word = call.arguments[2];
  constexpr std::array<std::pair<std::string_view, std::optional<Durability>>, 4> choices{
      {{"ALWAYS", Durability::always},
       {"INTERVAL", Durability::interval},
       {"NONE", Durability::none},
       {"DEFAULT", std::nullopt}}};
  const auto* const chosen = std::ranges::find_if(choices, [&](const auto& each) { return is_word(word, each.first); });
  if (call.arguments.size() > 3 || chosen == choices.end()) {
    call.reply.error("ERR durability is one of always, interval, none and default, which is the store's");
    return;
  }
  durability = chosen->second;
  if (durability == Durability::none) call.conversation.may_be_unwritten = true;
  call.reply.simple("OK");
}

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

Task<> understudy_snapshot(SessionCall& call) {
  Task<Result<SnapshotReport>> taking = call.server.store->take_snapshot();
  const Result<SnapshotReport> taken = co_await std::move(taking);
  if (!taken) {
    call.reply.error(describe_failure(taken.error()));
    co_return;
  }
  RespWriter& reply = call.reply;
  reply.map(4);
  reply.bulk("file");
  reply.bulk(taken->file);
  reply.bulk("covers-lsn");
  reply.integer(static_cast<std::int64_t>(taken->covers));
  reply.bulk("keys");
  reply.integer(static_cast<std::int64_t>(taken->records));
  reply.bulk("bytes");
  reply.integer(static_cast<std::int64_t>(taken->bytes));
}

void understudy_status(SessionCall& call) {
  const store::StoreStatistics statistics = call.server.store->statistics();
  RespWriter& reply = call.reply;
  const auto number = [&](std::string_view name, std::uint64_t value) {
    reply.bulk(name);
    reply.integer(static_cast<std::int64_t>(value));
  };
  reply.map(14);
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
  number("journal-bytes", statistics.segment_bytes);
  number("snapshot-bytes", statistics.snapshot_bytes);
  number("snapshots", statistics.snapshots);
  number("failed-snapshots", statistics.failed_snapshots);
  number("key-value-incarnation", statistics.key_value_incarnation);
}

}  // namespace understudy::server
