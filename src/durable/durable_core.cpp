#include "understudy/durable/detail/durable_core.hpp"

#include "understudy/actor/spawn.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/blocking.hpp"

#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace understudy::detail {
namespace {

void report(const SharedJournal& journal, const RecoveryReport& found) {
  const std::string path = this_actor().path;
  if (found.torn_tail) {
    log_line(LogLevel::warning, fmt::format("{}: {}", path, describe(*found.torn_tail)));
  }
  const std::string snapshot = found.snapshot ? fmt::format("{}, then ", found.snapshot->file) : "";
  log_line(LogLevel::info,
           fmt::format("{}: state recovered from {}: {}{} records, {} bytes in {} segments", path,
                       journal.storage()->describe(), snapshot, found.records, found.bytes, found.segments));
}

/// Opens the directory, on the blocking pool.
Task<Result<std::shared_ptr<SharedJournal>>> open_shared(DurableOptions options) {
  const Clock* clock = &this_thread().current->scheduler().clock();
  auto open = [options = std::move(options), clock] { return SharedJournal::open(options, *clock); };
  co_return co_await blocking(std::move(open));
}

}  // namespace

void FullDisks::note(std::uint64_t id, Error error) {
  const std::lock_guard lock(mutex_);
  errors_.insert_or_assign(id, std::move(error));
}

std::optional<Error> FullDisks::take(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = errors_.find(id);
  if (found == errors_.end()) return std::nullopt;
  std::optional<Error> error = std::move(found->second);
  errors_.erase(found);
  return error;
}

Task<Result<Recovered>> recover(std::shared_ptr<FullDisks> full_disks, DurableOptions options, ReplayFunction apply) {
  const Result<std::shared_ptr<SharedJournal>> journal = co_await open_shared(std::move(options));
  if (!journal) throw std::runtime_error(std::string(journal.error().message()));
  const std::uint64_t actor = current_cell("a durable actor").id();
  (*journal)->note_full(full_disks->take(actor));
  Result<OpenedJournal> opened = co_await open_journal(*journal, std::move(apply));
  if (!opened) {
    const ErrorCode code = opened.error().code();
    if (code == ErrorCode::data_damaged || code == ErrorCode::directory_locked || code == ErrorCode::invalid_argument) {
      co_return std::unexpected(opened.error());
    }
    throw std::runtime_error(std::string(opened.error().message()));
  }
  report(**journal, opened->found);
  const Address<SnapshotterMessage> snapshots =
      spawn_child("snapshotter", snapshotter, snapshotter_options(), *journal, opened->writer, SnapshotterSetUp{});
  Recovered recovered{.full_disks = std::move(full_disks),
                      .actor = actor,
                      .recorder = Recorder(*journal, opened->writer, snapshots, opened->found.last_lsn),
                      .found = std::move(opened->found)};
  co_return recovered;
}

Result<void> DurableCore::begin() {
  if (!std::exchange(in_operation_, true)) {
    if (Result<void> room = recorder_.room(); !room) refusal_ = std::move(room).error();
  }
  return admitted();
}

Result<void> DurableCore::admitted() const {
  if (refusal_) return std::unexpected(*refusal_);
  return {};
}

void DurableCore::record(RecordKind kind, const Bytes& payload, std::optional<Durability> durability) {
  if (payload.size() > payload_bytes_max) {
    throw std::length_error(
        fmt::format("a record of {} bytes was to be written, and {} are the most", payload.size(), payload_bytes_max));
  }
  const Durability wanted = durability.value_or(recorder_.durability());
  recorder_.add(wanted, kind, payload);
  if (wanted != Durability::none) unsafe_batch_ = recorder_.batch();
}

Result<void> DurableCore::end_operation() {
  Result<void> outcome = admitted();
  in_operation_ = false;
  refusal_.reset();
  return outcome;
}

void DurableCore::save_state_if_due() {
  if (encode_state_ && recorder_.snapshot_is_due()) recorder_.save_state(encode_state_());
}

Task<> DurableCore::end() {
  static_cast<void>(end_operation());
  co_await recorder_.send();
  save_state_if_due();
}

Task<Result<void>> DurableCore::send() {
  const Result<void> outcome = end_operation();
  co_await recorder_.send();
  save_state_if_due();
  co_return outcome;
}

Task<Result<void>> DurableCore::safe() {
  Result<void> outcome = end_operation();
  if (is_safe()) {
    co_await recorder_.send();  // What is to be no safer than it is.
  } else {
    const Result<void> written = co_await recorder_.send_and_wait();
    if (outcome) outcome = written;
  }
  save_state_if_due();
  co_return outcome;
}

Task<> DurableCore::take_snapshot(Reply<SnapshotReport> reply) {
  static_cast<void>(end_operation());
  co_await recorder_.send();
  recorder_.save_state(encode_state_(), std::move(reply));
}

}  // namespace understudy::detail
