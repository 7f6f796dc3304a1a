#include "engine/key_value.hpp"

#include "engine/snapshotter.hpp"
#include "engine/unsafe_keys.hpp"
#include "engine/writer.hpp"
#include "understudy/actor/spawn.hpp"
#include "understudy/base/logging.hpp"

#include <stdexcept>

#include <fmt/format.h>

namespace understudy::store {
namespace {

/// Messages, and bytes of changes, handled before what they changed is sent to the writer.
constexpr int messages_per_batch_max = 256;
constexpr std::size_t bytes_per_batch_max = std::size_t{1} << 20U;

/// The state of one incarnation, and the operations on it.
class KeyValue final : private Transaction {
 public:
  KeyValue(std::shared_ptr<SharedState> shared, KeySpace keys, Address<WriterMessage> writer,
           Address<TakeSnapshot> snapshotter)
      : shared_(std::move(shared)),
        keys_(std::move(keys)),
        writer_(std::move(writer)),
        snapshotter_(std::move(snapshotter)),
        answers_early_(shared_->options.durability == Durability::none) {
    begin_batch();
    shared_->keys.store(keys_.size(), std::memory_order_relaxed);
  }

  void handle(KeyValueMessage message) {
    std::visit([this](auto& request) { answer(request); }, message);
  }
  [[nodiscard]] bool batch_is_large() const noexcept { return batch_.changes.bytes() >= bytes_per_batch_max; }

  /// Passes changes and waiting requests on to the writer; waits while its mailbox is full.
  Task<> send_batch() {
    shared_->keys.store(keys_.size(), std::memory_order_relaxed);
    if (batch_.changes.empty() && batch_.completions.empty()) co_return;
    Append sent = std::move(batch_);
    begin_batch();
    const Result<void> accepted = co_await writer_.tell(std::move(sent));
    if (!accepted) throw std::runtime_error("the writer is gone");
    if (shared_->snapshot_is_due()) want_snapshot();
  }

 private:
  // --- requests
  // -------------------------------------------------------------------------------------------------------

  void answer(Set& request) {
    begin_request();
    set(request.key, std::move(request.value));
    when_safe(
        [response = std::move(request.response)](const Result<void>& outcome) mutable { response.complete(outcome); });
  }
  void answer(Get& request) {
    begin_request();
    const Bytes* found = get(request.key);
    std::optional<Bytes> value = found != nullptr ? std::optional(*found) : std::nullopt;
    when_safe([response = std::move(request.response), value = std::move(value)](const Result<void>& outcome) mutable {
      if (outcome) {
        response(std::move(value));
      } else {
        response.fail(outcome.error());
      }
    });
  }
  void answer(Delete& request) {
    begin_request();
    const bool was_there = erase(request.key);
    when_safe([response = std::move(request.response), was_there](const Result<void>& outcome) mutable {
      if (outcome) {
        response(was_there);
      } else {
        response.fail(outcome.error());
      }
    });
  }
  void answer(Operate& request) {
    begin_request();
    request.operation(*this);
    // The operation is kept until the answer: what it captured may be what the answer is made of.
    when_safe(
        [request = std::move(request)](const Result<void>& outcome) mutable { request.response.complete(outcome); });
  }

  void begin_request() {
    waits_ = false;
    unsafe_.forget_up_to(shared_->safe_batch.load(std::memory_order_acquire));
  }
  /// Calls `completion` when all that the present request changed or saw is safe.
  template <typename Complete>
  void when_safe(Complete completion) {
    if (waits_ && !answers_early_) {
      batch_.completions.emplace_back(std::move(completion));
    } else {
      completion(Result<void>{});
    }
    waits_ = false;
  }

  // --- Transaction
  // ----------------------------------------------------------------------------------------------------

  const Bytes* get(BytesView key) override {
    if (unsafe_.is_unsafe(key)) waits_ = true;
    const Bytes* found = keys_.find(key);
    count(shared_->reads);
    if (found != nullptr) count(shared_->read_hits);
    return found;
  }
  void set(BytesView key, Bytes value) override {
    batch_.changes.set(key, value);
    keys_.set(key, std::move(value));
    changed(key);
  }
  bool erase(BytesView key) override {
    if (unsafe_.is_unsafe(key)) waits_ = true;
    if (!keys_.erase(key)) return false;
    batch_.changes.erase(key);
    changed(key);
    return true;
  }
  void clear() override {
    batch_.changes.clear();
    keys_.clear();
    unsafe_.note_all(batch_.batch);
    waits_ = true;
    count(shared_->changes);
  }
  std::size_t size() override {
    saw_everything();
    return keys_.size();
  }
  void for_each(const std::function<void(BytesView, const Bytes&)>& visit) override {
    saw_everything();
    keys_.for_each(visit);
  }
  std::uint64_t scan(std::uint64_t cursor, std::size_t count,
                     const std::function<void(BytesView, const Bytes&)>& visit) override {
    saw_everything();
    return keys_.scan(cursor, count, visit);
  }

  void changed(BytesView key) {
    unsafe_.note(key, batch_.batch);
    waits_ = true;
    count(shared_->changes);
  }
  void saw_everything() {
    if (unsafe_.any()) waits_ = true;
  }

  void want_snapshot() {
    shared_->snapshot_runs.store(true, std::memory_order_relaxed);
    // No room: one is waited for already.
    if (!snapshotter_.try_tell(TakeSnapshot{})) shared_->snapshot_runs.store(false, std::memory_order_relaxed);
  }

  void begin_batch() {
    batch_ = Append{};
    batch_.batch = shared_->sent_batch.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  static void count(std::atomic<std::uint64_t>& counter) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  std::shared_ptr<SharedState> shared_;
  KeySpace keys_;
  Address<WriterMessage> writer_;
  Address<TakeSnapshot> snapshotter_;
  const bool answers_early_;
  UnsafeKeys unsafe_;
  Append batch_;
  bool waits_ = false;  // The present request changed, or saw, something that is not safe yet.
};

}  // namespace

Task<> key_value_actor(Mailbox<KeyValueMessage>& inbox, std::shared_ptr<SharedState> shared) {
  shared->key_value_incarnation.store(this_actor().incarnation, std::memory_order_relaxed);
  const Address<WriterMessage> writer = spawn_child(
      "writer", writer_actor, {.capacity = shared->options.mailbox_capacity, .restart = Restart::with_parent}, shared);
  Result<KeySpace> loaded = co_await writer.ask<Load>();
  if (!loaded) {
    const ErrorCode code = loaded.error().code();
    if (code == ErrorCode::data_damaged || code == ErrorCode::directory_locked || this_actor().incarnation == 1) {
      // At the first start Store::open hands the error to its caller; later there is nobody to hand it to.
      if (this_actor().incarnation > 1) {
        log_line(LogLevel::error, fmt::format("the store stops: {}", loaded.error().message()));
      }
      shared->set_fatal(loaded.error());
      co_return;
    }
    throw std::runtime_error(std::string(loaded.error().message()));
  }
  const Address<TakeSnapshot> snapshotter =
      spawn_child("snapshotter", snapshotter_actor, {.capacity = 8}, shared, inbox.address(), writer);
  shared->set_snapshotter(snapshotter);
  KeyValue state(shared, std::move(*loaded), writer, snapshotter);
  while (auto message = co_await inbox.receive()) {
    state.handle(std::move(*message));
    for (int handled = 1; handled < messages_per_batch_max && !state.batch_is_large(); ++handled) {
      std::optional<KeyValueMessage> next = inbox.try_receive();
      if (!next) break;
      state.handle(std::move(*next));
    }
    co_await state.send_batch();
  }
}

}  // namespace understudy::store
