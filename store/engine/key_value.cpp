#include "engine/key_value.hpp"

#include "engine/actors_key_space.hpp"
#include "engine/change_batch.hpp"
#include "engine/figures.hpp"
#include "engine/lengths.hpp"
#include "engine/loading.hpp"
#include "engine/look_ahead.hpp"
#include "engine/reclaim_schedule.hpp"
#include "engine/reclaimer.hpp"
#include "engine/signs_of_life.hpp"
#include "engine/snapshot_pieces.hpp"
#include "engine/unsafe_keys.hpp"
#include "engine/watched_keys.hpp"
#include "understudy/actor/spawn.hpp"
#include "understudy/base/random.hpp"
#include "understudy/durable/recorder.hpp"
#include "understudy/runtime/sleep.hpp"

#include <algorithm>
#include <span>
#include <type_traits>
#include <vector>

namespace understudy::store {
namespace {

/// Messages, and bytes of changes, handled before what they changed is sent to the writer.
constexpr int messages_per_batch_max = 256;
constexpr std::size_t bytes_per_batch_max = std::size_t{1} << 20U;
/// What one piece of background work looks at: a fraction of a millisecond.
constexpr std::size_t keys_per_reclaim = 256;
/// What one change evicts at most; if that is not enough, the reclaimer goes on.
constexpr std::size_t keys_evicted_per_change = 512;

/// The state of one incarnation, and the operations on it.
class KeyValue final : private Transaction {
 public:
  KeyValue(std::shared_ptr<SharedState> shared, KeySpace keys, Recorder recorder, Address<ReclaimNow> reclaimer)
      : shared_(std::move(shared)),
        keys_(std::move(keys)),
        recorder_(std::move(recorder)),
        reclaimer_(std::move(reclaimer)),
        unsafe_(KeyHash{&shared_->secret}),
        watched_(KeyHash{&shared_->secret}),
        random_(static_cast<std::uint64_t>(shared_->journal->clock().now().time_since_epoch().count())) {
    begin_batch();
    note_figures(*shared_, keys_);
  }

  void handle(KeyValueMessage& message) {
    std::visit([this](auto& request) { answer(request); }, message);
  }
  [[nodiscard]] const KeySpace& keys() const noexcept { return keys_; }
  [[nodiscard]] bool batch_is_large() const noexcept { return batch_.changes.bytes() >= bytes_per_batch_max; }

  /// After some requests. True: there is something to `send`.
  [[nodiscard]] bool end_batch() {
    note_figures(*shared_, keys_);
    wake_reclaimer();
    if (!batch_.changes.empty()) recorder_.add(batch_.take());
    return !recorder_.empty();
  }
  /// Passes changes and waiting requests on to the writer; waits while its mailbox is full.
  Task<> send() {
    co_await recorder_.send();
    begin_batch();
  }
  void take_snapshot_if_due() {
    if (recorder_.snapshot_is_due()) recorder_.take_snapshot();
  }

 private:
  // --- requests
  void answer(Set& request) {
    begin_request();
    if (const Result<void> good = check_lengths(request.key, request.value); !good) {
      request.response.fail(good.error());
      return;
    }
    if (!make_room()) {
      request.response.fail(memory_is_full(*shared_));
      return;
    }
    set(request.key, request.value, std::nullopt);
    complete_when_safe(std::move(request.response));
  }
  void answer(Get& request) {
    begin_request();
    answer_when_safe(std::move(request.response), std::optional<Bytes>(get(request.key)));
  }
  void answer(Delete& request) {
    begin_request();
    answer_when_safe(std::move(request.response), erase(request.key));
  }
  template <typename Request>
    requires requires(Request request) { request.operation; }
  void answer(Request& request) {
    if constexpr (std::is_same_v<Request, OperateWith>) {
      begin_request(request.options.durability.value_or(recorder_.durability()));
    } else {
      begin_request();
    }
    request.operation(*this);
    // The operation is kept until the answer, and no longer: what it captured may be what the answer is made of.
    if (!waits_ && !refused_) {
      request.response.complete(Result<void>{});
      request.operation.reset();
      return;
    }
    when_safe(
        [request = std::move(request)](const Result<void>& outcome) mutable { request.response.complete(outcome); });
  }

  void answer(Flush& request) {
    begin_request();
    recorder_.want(Durability::always);
    waits_ = true;
    complete_when_safe(std::move(request.response));
  }

  void answer(Reclaim& request) {
    if (!request.response) return;  // The limit has changed: the reclaimer is told with this batch.
    begin_request();
    answer_when_safe(std::move(request.response), reclaim());
  }

  void begin_request() { begin_request(recorder_.durability()); }
  void begin_request(Durability durability) {
    waits_ = false;
    wanted_ = durability;
    room_ = recorder_.room();
    refused_ = false;
    now_.reset();
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

  void complete_when_safe(Reply<void> response) {
    when_safe([response = std::move(response)](const Result<void>& outcome) mutable { response.complete(outcome); });
  }
  template <typename T>
  void answer_when_safe(Reply<T> response, T answer) {
    when_safe([response = std::move(response), answer = std::move(answer)](const Result<void>& outcome) mutable {
      if (outcome) {
        response(std::move(answer));
      } else {
        response.fail(outcome.error());
      }
    });
  }

  // --- Transaction

  std::optional<BytesView> get(BytesView key) override {
    const Entry* found = look_at(key);
    count(shared_->reads);
    if (found == nullptr) return std::nullopt;
    count(shared_->read_hits);
    return found->value();
  }
  void set(BytesView key, BytesView value, std::optional<WallTime> expires_at) override {
    if (!may_change()) return;
    if (expires_at && is_past(*expires_at)) return static_cast<void>(erase(key));
    batch_.check_fits(key.size() + value.size());
    signs_of_life_.worked_on_key();
    batch_.changes.set(key, value, expires_at);
    keys_.set(key, value, expires_at);
    changed(key);
  }
  std::optional<WallTime> expiry(BytesView key) override {
    const Entry* found = look_at(key);
    return found == nullptr ? std::nullopt : found->expires_at();
  }
  bool expire_at(BytesView key, std::optional<WallTime> expires_at) override {
    if (!may_change()) return false;
    if (expires_at && is_past(*expires_at)) return erase(key);
    const Entry* found = look_at(key);
    if (found == nullptr) return false;
    if (found->expires_at() == expires_at) return true;
    batch_.check_fits(key.size());
    batch_.changes.expire(key, expires_at);
    keys_.expire_at(key, expires_at);
    changed(key);
    return true;
  }
  bool make_room() override {
    const std::uint64_t limit = shared_->memory_limit();
    if (limit == 0 || keys_.memory_bytes() <= limit || !room_) return true;  // A change will find the disk full.
    if (!batch_.fits(keys_evicted_per_change * (key_bytes_max + change_overhead_bytes))) return false;
    return make_room_below(limit, keys_evicted_per_change);
  }
  std::size_t room_for_changes() const override { return batch_.room(); }
  void expect(std::span<const BytesView> keys) override {
    LookAhead ahead(keys_);
    for (const BytesView key : keys) ahead.add(key);
  }
  WallTime now() override {
    if (!now_) now_ = shared_->journal->clock().wall_now();
    return *now_;
  }
  bool erase(BytesView key) override {
    if (!may_change()) return false;
    if (look_at(key) == nullptr) return false;
    batch_.check_fits(key.size());
    batch_.changes.erase(key);
    changed(key);
    keys_.erase(key);
    return true;
  }
  void clear() override {
    if (!may_change()) return;
    batch_.changes.clear();
    watched_.touch_those([this](BytesView key) { return keys_.find(key) != nullptr; });
    keys_.clear(beat);
    if (must_be_waited_for()) unsafe_.note_all(batch_.number);
    count(shared_->changes);
  }
  void watch(BytesView key, const std::shared_ptr<Watch>& watch) override { watched_.add(key, watch); }
  std::optional<BytesView> random_key() override {
    saw_everything();
    // One that has died goes, unless there is no room to write it down; then they may all have died.
    constexpr int tries_max = 100;
    for (int tries = 0; tries < tries_max;) {
      const std::size_t before = keys_.size();
      const Entry* chosen = keys_.choose(random_.next());
      if (chosen == nullptr) break;
      if (const Entry* living = find_living(chosen->key())) return living->key();
      if (keys_.size() == before) ++tries;
    }
    return std::nullopt;
  }
  std::optional<std::size_t> memory_bytes(BytesView key) override {
    const Entry* found = look_at(key);
    return found == nullptr ? std::nullopt : std::optional(KeySpace::memory_bytes_of(*found));
  }
  std::size_t size() override {
    saw_everything();
    return keys_.size();
  }
  void for_each(const Visit& visit) override {
    saw_everything();
    std::vector<Bytes> dead;
    keys_.for_each([&](const Entry& entry) { show_living(entry, visit, dead); });
    for (const Bytes& key : dead) remove_dead(key);
  }
  std::uint64_t scan(std::uint64_t cursor, std::size_t count, const Visit& visit) override {
    saw_everything();
    std::vector<Bytes> dead;
    const std::uint64_t next = keys_.scan(cursor, count, [&](const Entry& entry) { show_living(entry, visit, dead); });
    for (const Bytes& key : dead) remove_dead(key);
    if (!batch_.changes.empty()) waits_ = true;  // A snapshot must not be ahead of what the writer has been sent.
    return next;
  }

  // --- what has died

  // All of it is written down as any change is, and so waits for better times while the disk is full. Nobody sees what
  // has died meanwhile.

  bool is_past(WallTime time) { return time <= now(); }
  /// The entry, or null; one that has died is erased, so that whoever did not find it never finds it again.
  const Entry* find_living(BytesView key) {
    const Entry* found = keys_.find(key);
    signs_of_life_.worked_on_key();
    if (found == nullptr || !found->expires() || !is_past(*found->expires_at())) return found;
    remove_dead(key);
    return nullptr;
  }
  /// The same, and the answer waits for what made it so.
  const Entry* look_at(BytesView key) {
    if (unsafe_.is_unsafe(key)) waits_ = true;
    return find_living(key);
  }
  void show_living(const Entry& entry, const Visit& visit, std::vector<Bytes>& dead) {
    signs_of_life_.worked_on_key();
    const std::optional<WallTime> expires_at = entry.expires_at();
    if (expires_at && is_past(*expires_at)) {
      dead.emplace_back(entry.key());
    } else {
      visit({.key = entry.key(), .value = entry.value(), .expires_at = expires_at});
    }
  }
  void remove_dead(BytesView key) {
    if (!room_ || !batch_.fits(key.size())) return;
    removed(key, shared_->expired_keys);
    keys_.erase(key);
  }
  /// Notes that the map is, or is about to be, without `key`, which went for the reason that `counter` counts.
  void removed(BytesView key, std::atomic<std::uint64_t>& counter) {
    batch_.changes.erase(key);
    changed(key);
    count(counter);
  }

  std::size_t remove_due(std::size_t most) {
    return keys_.take_due(now(), most, [this](BytesView key) { removed(key, shared_->expired_keys); });
  }
  /// Those that have died go first; then, in a cache, `most` others at most. False: a change that adds is not allowed.
  bool make_room_below(std::uint64_t limit, std::size_t most) {
    remove_due(most);
    if (!shared_->evicts()) return keys_.memory_bytes() <= limit;
    for (std::size_t gone = 1; gone > 0 && most > 0 && keys_.memory_bytes() > limit; most -= gone) {
      gone = keys_.evict(random_.next(), most, [this](BytesView key) { removed(key, shared_->evicted_keys); });
    }
    return keys_.memory_bytes() <= limit || keys_.size() > 0;
  }
  /// Whether there is something to evict.
  bool is_too_large() const {
    const std::uint64_t limit = shared_->memory_limit();
    return limit != 0 && keys_.memory_bytes() > limit && keys_.size() > 0 && shared_->evicts();
  }

  Reclaimed reclaim() {
    Reclaimed done;
    if (room_) done.expired = remove_due(keys_per_reclaim);
    if (room_ && is_too_large()) make_room_below(shared_->memory_limit(), keys_per_reclaim);
    done.wait = schedule_.after_piece(keys_.next_due(), now(), is_too_large(), !room_);
    return done;
  }
  void wake_reclaimer() {
    if (schedule_.must_wake(keys_.next_due(), is_too_large())) static_cast<void>(reclaimer_.try_tell(ReclaimNow{}));
  }

  void changed(BytesView key) {
    if (must_be_waited_for()) unsafe_.note(key, batch_.number);
    watched_.touch(key);
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

  void begin_batch() { batch_.number = recorder_.batch(); }

  std::shared_ptr<SharedState> shared_;
  ActorsKeySpace keys_;
  Recorder recorder_;
  Address<ReclaimNow> reclaimer_;
  ReclaimSchedule schedule_;
  UnsafeKeys unsafe_;
  WatchedKeys watched_;
  SeededRandom random_;  // Chooses what to evict.
  ChangeBatch batch_;    // The answers that wait for it are with the recorder.
  SignsOfLife signs_of_life_;
  // Of the present request:
  Durability wanted_ = Durability::always;
  Result<void> room_;
  bool refused_ = false;         // It would have changed something, and there is no room.
  bool waits_ = false;           // It changed, or saw, something that is not safe yet.
  std::optional<WallTime> now_;  // Once it has looked.
};

}  // namespace

Task<> key_value_actor(Mailbox<KeyValueMessage>& inbox, std::shared_ptr<SharedState> shared) {
  shared->key_value_incarnation.store(this_actor().incarnation, std::memory_order_relaxed);
  Result<Loaded> loaded = co_await load(shared);
  if (!loaded) {
    stop_or_throw(*shared, loaded.error());
    co_return;
  }
  const Address<SnapshotterMessage> snapshots =
      spawn_child("snapshotter", snapshotter, snapshotter_options(), shared->journal, loaded->writer,
                  SnapshotterSetUp{.records_are_called = "keys", .read_piece = pieces_of(inbox.address())});
  shared->set_snapshotter(snapshots);
  const Address<ReclaimNow> reclaimer = spawn_child("reclaimer", reclaimer_actor, {.capacity = 2}, inbox.address());
  Recorder recorder(shared->journal, loaded->writer, snapshots, loaded->last_lsn);
  KeyValue state(shared, std::move(*loaded->keys), std::move(recorder), reclaimer);
  while (auto message = co_await inbox.receive()) {
    state.handle(*message);
    // Whoever is ready to send does so first: no wait, one message to the writer for many, and more to look ahead for.
    co_await yield();
    for (int handled = 1; handled < messages_per_batch_max && !state.batch_is_large(); ++handled) {
      if (handled % messages_looked_ahead == 1) look_ahead(inbox, state.keys());
      std::optional<KeyValueMessage> next = inbox.try_receive();
      if (!next) break;
      state.handle(*next);
    }
    if (state.end_batch()) co_await state.send();
    state.take_snapshot_if_due();
  }
}

}  // namespace understudy::store
