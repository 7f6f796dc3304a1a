#include "engine/loading.hpp"

#include "engine/record_format.hpp"
#include "understudy/actor/spawn.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/durable/recorder.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace understudy::store {
namespace {

std::string snapshot_in_words(const RecoveryReport& recovery) {
  if (!recovery.snapshot) return "";
  return fmt::format("{}: {} keys, {} bytes; then ", recovery.snapshot->file, recovery.snapshot->records,
                     recovery.snapshot->bytes);
}

void report_load(SharedState& shared, const RecoveryReport& recovery, std::size_t keys) {
  LoadReport report{.keys = keys,
                    .records = recovery.records,
                    .journal_bytes = recovery.bytes,
                    .segments = recovery.segments,
                    .snapshot_keys = recovery.snapshot ? recovery.snapshot->records : 0,
                    .snapshot_bytes = recovery.snapshot ? recovery.snapshot->bytes : 0,
                    .torn_tail = {}};
  if (recovery.torn_tail) {
    report.torn_tail = describe(*recovery.torn_tail);
    log_line(LogLevel::warning, report.torn_tail);
  }
  log_line(LogLevel::info, fmt::format("data loaded from {}: {} keys ({}{} records, {} bytes in {} segments)",
                                       shared.journal->storage()->describe(), report.keys, snapshot_in_words(recovery),
                                       report.records, report.journal_bytes, report.segments));
  shared.set_load_report(std::move(report));
}

}  // namespace

Task<Result<Loaded>> load(std::shared_ptr<SharedState> shared) {
  const auto keys = std::make_shared<KeySpace>(KeyHash{&shared->secret});
  ReplayFunction apply = [keys](const Record& record) { return apply_record(record, *keys); };
  Result<OpenedJournal> opened = co_await open_journal(shared->journal, std::move(apply));
  if (!opened) co_return std::unexpected(opened.error());
  report_load(*shared, opened->found, keys->size());
  Loaded loaded{.writer = std::move(opened->writer), .keys = keys, .last_lsn = opened->found.last_lsn};
  co_return loaded;
}

void stop_or_throw(SharedState& shared, const Error& error) {
  const bool first = this_actor().incarnation == 1;
  if (!first && error != ErrorCode::data_damaged && error != ErrorCode::directory_locked) {
    throw std::runtime_error(std::string(error.message()));
  }
  // At the first start Store::open hands the error to its caller; later there is nobody to hand it to.
  if (!first) log_line(LogLevel::error, fmt::format("the store stops: {}", error.message()));
  shared.set_fatal(error);
}

}  // namespace understudy::store
