#include "engine/key_value.hpp"

#include "engine/loading.hpp"
#include "engine/record_format.hpp"
#include "engine/snapshot_pieces.hpp"
#include "engine/unsafe_keys.hpp"
#include "understudy/actor/spawn.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/durable/recorder.hpp"

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
  KeyValue(std::shared_ptr<SharedState> shared, KeySpace keys, Recorder recorder)
      : shared_(std::move(shared)), keys_(std::move(keys)), recorder_(std::move(recorder)) {
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
    if (!batch_.changes.empty()) recorder_.add(std::move(batch_.changes));
    if (!recorder_.empty()) {
      co_await recorder_.send();
      begin_batch();
    }
    if (recorder_.snapshot_is_due()) recorder_.take_snapshot();
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
    operate(request);
  }
  void answer(OperateWith& request) {
    begin_request(request.options.durability.value_or(recorder_.durability()));
    operate(request);
  }
  template <typename Request>
  void operate(Request& request) {
    request.operation(*this);
    // The operation is kept until the answer: what it captured may be what the answer is made of.
    when_safe(
        [request = std::move(request)](const Result<void>& outcome) mutable { request.response.complete(outcome); });
  }

  void begin_request() { begin_request(recorder_.durability()); }
  void begin_request(Durability durability) {
    waits_ = false;
    wanted_ = durability;
    room_ = recorder_.room();
    refused_ = false;
    unsafe_.forget_up_to(shared_->journal->safe_batch());
  }
  /// False while the disk is full: the present request fails, and changes nothing.
  bool may_change() noexcept {
    if (room_) return true;
    refused_ = true;
    return false;
  }
  /// Calls `completion` when all that the present request changed or saw is safe.
  template <typename Complete>
  void when_safe(Complete completion) {
    if (refused_) {
      completion(room_);
    } else if (waits_) {
      recorder_.when_safe(std::move(completion));
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
    if (!may_change()) return;
    batch_.changes.set(key, value);
    keys_.set(key, std::move(value));
    changed(key);
  }
  bool erase(BytesView key) override {
    if (!may_change()) return false;
    if (unsafe_.is_unsafe(key)) waits_ = true;
    if (!keys_.erase(key)) return false;
    batch_.changes.erase(key);
    changed(key);
    return true;
  }
  void clear() override {
    if (!may_change()) return;
    batch_.changes.clear();
    keys_.clear();
    if (must_be_waited_for()) unsafe_.note_all(batch_.batch);
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
    if (!batch_.changes.empty()) waits_ = true;  // A snapshot must not be ahead of what the writer has been sent.
    return keys_.scan(cursor, count, visit);
  }

  void changed(BytesView key) {
    if (must_be_waited_for()) unsafe_.note(key, batch_.batch);
    count(shared_->changes);
  }
  /// Whether what the present request has changed is waited for, by itself and by whoever sees it.
  bool must_be_waited_for() noexcept {
    recorder_.want(wanted_);
    if (wanted_ == Durability::none) return false;
    waits_ = true;
    return true;
  }
  void saw_everything() {
    if (unsafe_.any()) waits_ = true;
  }

  void begin_batch() {
    batch_.changes = ChangeList{};
    batch_.batch = recorder_.batch();
  }
  static void count(std::atomic<std::uint64_t>& counter) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  std::shared_ptr<SharedState> shared_;
  KeySpace keys_;
  Recorder recorder_;
  UnsafeKeys unsafe_;
  struct {
    std::uint64_t batch = 0;
    ChangeList changes;
  } batch_;  // Of several requests; the answers that wait for it are with the recorder.
  // Of the present request:
  Durability wanted_ = Durability::always;
  Result<void> room_;
  bool refused_ = false;  // It would have changed something, and there is no room.
  bool waits_ = false;    // It changed, or saw, something that is not safe yet.
};

}  // namespace

Task<> key_value_actor(Mailbox<KeyValueMessage>& inbox, std::shared_ptr<SharedState> shared) {
  shared->key_value_incarnation.store(this_actor().incarnation, std::memory_order_relaxed);
  Result<Loaded> loaded = co_await load(shared);
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
  const Address<SnapshotterMessage> snapshots =
      spawn_child("snapshotter", snapshotter, {.capacity = 8}, shared->journal, loaded->writer,
                  SnapshotterSetUp{.records_are_called = "keys", .read_piece = pieces_of(inbox.address())});
  shared->set_snapshotter(snapshots);
  Recorder recorder(shared->journal, loaded->writer, snapshots, loaded->last_lsn);
  KeyValue state(shared, std::move(*loaded->keys), std::move(recorder));
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
