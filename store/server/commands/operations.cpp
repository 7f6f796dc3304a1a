// What an operator asks for: snapshots in Redis's terms, the end of the program, what was slow.
#include "server/batch.hpp"
#include "server/command_table.hpp"
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "server/conversation.hpp"
#include "server/server_context.hpp"
#include "understudy/base/logging.hpp"

#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy::server {
namespace {

/// `place` is kept until it ends.
Task<> save_in_background(ServerContext& server, BackgroundSaves::Place /*place*/) {
  Task<Result<SnapshotReport>> taking = server.store->take_snapshot();
  const Result<SnapshotReport> taken = co_await std::move(taking);
  if (!taken) log_line(LogLevel::error, fmt::format("the snapshot that was asked for: {}", taken.error().message()));
}

/// Whether all that the client has been told is done is known to be on the disk. Unless nothing is promised, by the
/// store or to this client, nothing is said before it is in the journal's files.
bool is_flushed(const SessionCall& call) {
  const store::StoreStatistics statistics = call.server.store->statistics();
  return call.server.options.durability != Durability::none && !call.conversation.may_be_unwritten &&
         statistics.durable_lsn >= statistics.last_lsn;
}

}  // namespace

void bgsave(SessionCall& call) {
  const Arguments words = call.arguments;
  const bool is_scheduled = words.size() == 2 && is_word(words[1], "SCHEDULE");
  if (words.size() > 2 || (words.size() == 2 && !is_scheduled)) {
    call.reply.error(syntax_error);
    return;
  }
  BackgroundSaves& saves = call.server.background_saves;
  const bool runs = saves.count() > 0 || call.server.store->statistics().snapshot_runs;
  // Of all that are asked for while one runs a single one is taken: it begins later than they were asked for.
  BackgroundSaves::Place place;
  if (is_scheduled || !runs) place = saves.take_place(is_scheduled ? BackgroundSaves::all_max : 1);
  if (!place && !is_scheduled) {
    call.reply.error("ERR Background save already in progress");
    return;
  }
  if (place) call.server.background.spawn_regardless(save_in_background(call.server, std::move(place)));
  // In a transaction Redis begins none either.
  call.reply.simple(runs || !call.may_wait ? "Background saving scheduled" : "Background saving started");
}

Task<> save(SessionCall& call) {
  Task<Result<SnapshotReport>> taking = call.server.store->take_snapshot();
  const Result<SnapshotReport> taken = co_await std::move(taking);
  if (taken) {
    call.reply.simple("OK");
  } else {
    call.reply.error(describe_failure(taken.error()));
  }
}

void shutdown(SessionCall& call) {
  bool saves = false;
  bool does_not_save = false;
  bool aborts = false;
  for (const BytesView word : call.arguments.subspan(1)) {
    saves = saves || is_word(word, "SAVE");
    does_not_save = does_not_save || is_word(word, "NOSAVE");
    aborts = aborts || is_word(word, "ABORT");
    const bool known = is_word(word, "SAVE") || is_word(word, "NOSAVE") || is_word(word, "NOW") ||
                       is_word(word, "FORCE") || is_word(word, "ABORT");
    if (!known || (saves && does_not_save) || (aborts && call.arguments.size() > 2)) {
      call.reply.error(syntax_error);
      return;
    }
  }
  if (aborts) {
    call.reply.error("ERR No shutdown in progress.");
  } else if (!call.server.options.shut_down) {
    call.reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
  } else {
    log_line(LogLevel::info, fmt::format("SHUTDOWN by {}", call.client.facts().peer));
    call.server.options.shut_down();
    call.close = true;  // Without a reply, as from one that has gone.
  }
}

Task<> waitaof(SessionCall& call) {
  const std::optional<std::int64_t> local = parse_integer(call.arguments[1]);
  const std::optional<std::int64_t> replicas = parse_integer(call.arguments[2]);
  const std::optional<std::int64_t> timeout = parse_integer(call.arguments[3]);
  // In the words of Redis 7.2, and what is wrong first is told.
  if (!local || *local < 0 || *local > 1) {
    call.reply.error(local ? "ERR value is out of range, value must between 0 and 1" : not_an_integer);
    co_return;
  }
  if (!replicas || *replicas < 0) {
    call.reply.error(replicas ? "ERR value is out of range, must be positive" : not_an_integer);
    co_return;
  }
  if (!timeout || *timeout < 0) {
    call.reply.error(timeout ? "ERR timeout is negative" : "ERR timeout is not an integer or out of range");
    co_return;
  }
  // There are no replicas, and there will be none: nothing is gained by waiting for them.
  bool flushed = is_flushed(call);
  if (*local > 0 && call.may_wait) {
    const Duration limit = *timeout == 0 ? Duration::max() : Duration(std::chrono::milliseconds(*timeout));
    Task<Result<void>> flushing = call.server.store->flush_within(limit);
    const Result<void> done = co_await std::move(flushing);
    if (!done && done.error() != ErrorCode::timeout) {
      call.reply.error(describe_failure(done.error()));
      co_return;
    }
    flushed = done.has_value();
  }
  call.reply.array(2);
  call.reply.integer(flushed ? 1 : 0);
  call.reply.integer(0);
}

void slowlog_get(SessionCall& call) {
  std::size_t count = 10;
  if (call.arguments.size() == 3) {
    const std::optional<std::int64_t> number = parse_integer(call.arguments[2]);
    if (!number || *number < -1) {
      call.reply.error("ERR count should be greater than or equal to -1");
      return;
    }
    count = *number == -1 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(*number);
  } else if (call.arguments.size() > 3) {
    call.reply.error(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. Try SLOWLOG HELP.",
                                 call.arguments[1]));
    return;
  }
  const std::vector<SlowLog::Entry> entries = call.server.slow_log.newest(count);
  call.reply.array(entries.size());
  for (const SlowLog::Entry& entry : entries) {
    call.reply.array(6);
    call.reply.integer(static_cast<std::int64_t>(entry.number));
    call.reply.integer(std::chrono::duration_cast<std::chrono::seconds>(entry.when.time_since_epoch()).count());
    call.reply.integer(entry.took.count());
    call.reply.array(entry.words.size());
    for (const std::string& word : entry.words) call.reply.bulk(word);
    call.reply.bulk(entry.peer);
    call.reply.bulk(entry.client_name);
  }
}

void slowlog_help(SessionCall& call) { reply_with_help(*find_command("slowlog"), call.reply); }

void slowlog_len(SessionCall& call) { call.reply.integer(static_cast<std::int64_t>(call.server.slow_log.length())); }

void slowlog_reset(SessionCall& call) {
  call.server.slow_log.clear();
  call.reply.simple("OK");
}

}  // namespace understudy::server
