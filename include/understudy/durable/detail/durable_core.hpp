// What Durable is made of, whatever its state is.
#pragma once

#include "understudy/durable/recorder.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace understudy::detail {

/// Remembers between two incarnations of an actor that its disk was full, so that the next refuses changes from the
/// start. Of all actors of one function. Threads: any.
class FullDisks {
 public:
  /// Notes what actor number `id` refuses changes with.
  void note(std::uint64_t id, Error error);
  /// What it refused them with, if anything; forgets it.
  [[nodiscard]] std::optional<Error> take(std::uint64_t id);

 private:
  std::mutex mutex_;
  std::map<std::uint64_t, Error> errors_;
};

/// What an incarnation begins with.
struct Recovered {
  std::shared_ptr<FullDisks> full_disks;
  std::uint64_t actor = 0;
  Recorder recorder;
  RecoveryReport found;
};
/// Opens storage and journal of the calling actor, and starts its writer and its snapshotter. Errors: data_damaged and
/// directory_locked, which no restart cures; others are thrown.
[[nodiscard]] Task<Result<Recovered>> recover(std::shared_ptr<FullDisks> full_disks, DurableOptions options,
                                              ReplayFunction apply);

/// A completion that answers `reply`.
template <typename T, typename... Value>
[[nodiscard]] WhenSafe answer_later(Reply<T> reply, Value&&... value) {
  if constexpr (std::is_void_v<T>) {
    return [reply = std::move(reply)](const Result<void>& outcome) mutable { reply.complete(outcome); };
  } else {
    return [reply = std::move(reply), answer = T(std::forward<Value>(value)...)](const Result<void>& outcome) mutable {
      if (outcome) {
        reply(std::move(answer));
      } else {
        reply.fail(outcome.error());
      }
    };
  }
}

class DurableCore {
 public:
  using EncodeState = std::function<std::shared_ptr<const RecordList>()>;

  explicit DurableCore(Recovered&& from)
      : full_disks_(std::move(from.full_disks)),
        actor_(from.actor),
        recorder_(std::move(from.recorder)),
        found_(std::move(from.found)) {}
  DurableCore(const DurableCore&) = delete;
  DurableCore& operator=(const DurableCore&) = delete;
  ~DurableCore() {
    if (const Result<void> room = recorder_.room(); !room) full_disks_->note(actor_, room.error());
  }
  void set_encode_state(EncodeState encode) { encode_state_ = std::move(encode); }

  /// Begins an operation, or goes on with the one that has begun. Fails if it is refused.
  Result<void> begin();
  /// Whether the present operation has been refused.
  [[nodiscard]] Result<void> admitted() const;
  void record(RecordKind kind, const Bytes& payload, std::optional<Durability> durability);
  [[nodiscard]] bool is_safe() const noexcept { return recorder_.is_safe(unsafe_batch_); }
  void when_safe(WhenSafe completion) { recorder_.when_safe(std::move(completion)); }

  // Each of these ends the operation.
  [[nodiscard]] Task<> end();
  [[nodiscard]] Task<Result<void>> send();
  [[nodiscard]] Task<Result<void>> safe();
  [[nodiscard]] Task<> take_snapshot(Reply<SnapshotReport> reply);

  [[nodiscard]] const Recorder& recorder() const noexcept { return recorder_; }
  [[nodiscard]] const RecoveryReport& found() const noexcept { return found_; }

 private:
  [[nodiscard]] Result<void> end_operation();
  void save_state_if_due();

  std::shared_ptr<FullDisks> full_disks_;
  std::uint64_t actor_;
  Recorder recorder_;
  RecoveryReport found_;
  EncodeState encode_state_;        // Empty: no snapshots.
  std::uint64_t unsafe_batch_ = 0;  // The last one that is to be waited for.
  bool in_operation_ = false;
  std::optional<Error> refusal_;  // Of the present operation.
};

}  // namespace understudy::detail
