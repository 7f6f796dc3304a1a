// A store in memory for the tests of the server: it counts its operations, takes its time, and fails when it is told
// to.
#pragma once

#include "server/backend.hpp"
#include "understudy/actor/mailbox.hpp"
#include "understudy/actor/spawn.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/wait.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace understudy::server {

class MemoryTransaction final : public store::Transaction {
 public:
  std::optional<BytesView> get(BytesView key) override {
    const auto found = values.find(key);
    return found == values.end() ? std::nullopt : std::optional<BytesView>(found->second);
  }
  void set(BytesView key, BytesView value, std::optional<WallTime> expires_at = std::nullopt) override {
    touch(key);
    room -= std::min(room, key.size() + value.size());
    values.insert_or_assign(Bytes(key), Bytes(value));
    times.erase(Bytes(key));
    if (expires_at) times.emplace(key, *expires_at);
  }
  std::optional<WallTime> expiry(BytesView key) override {
    const auto found = times.find(key);
    return found == times.end() ? std::nullopt : std::optional(found->second);
  }
  bool expire_at(BytesView key, std::optional<WallTime> expires_at) override {
    if (!values.contains(key)) return false;
    touch(key);
    times.erase(Bytes(key));
    if (expires_at) times.emplace(key, *expires_at);
    return true;
  }
  std::optional<BytesView> random_key() override {
    return values.empty() ? std::nullopt : std::optional<BytesView>(values.begin()->first);
  }
  std::optional<std::size_t> memory_bytes(BytesView key) override {
    const auto found = values.find(key);
    return found == values.end() ? std::nullopt : std::optional(found->first.size() + found->second.size());
  }
  bool make_room() override { return has_room; }
  std::size_t room_for_changes() const override { return room; }
  WallTime now() override { return WallTime(std::chrono::milliseconds(1'000'000)); }
  bool erase(BytesView key) override {
    const auto found = values.find(key);
    if (found == values.end()) return false;
    touch(key);
    times.erase(Bytes(key));
    values.erase(found);
    return true;
  }
  void clear() override {
    for (const auto& [key, watch] : watches) {
      if (values.contains(key)) watch->touch();
    }
    values.clear();
    times.clear();
  }
  void watch(BytesView key, const std::shared_ptr<store::Watch>& watch) override { watches.emplace(key, watch); }
  void touch(BytesView key) {
    const auto [first, last] = watches.equal_range(Bytes(key));
    for (auto each = first; each != last; ++each) each->second->touch();
  }
  std::size_t size() override { return values.size(); }
  void for_each(const Visit& visit) override {
    for (const auto& [key, value] : values) visit({.key = key, .value = value, .expires_at = expiry(key)});
  }
  std::uint64_t scan(std::uint64_t cursor, std::size_t count, const Visit& visit) override {
    std::uint64_t place = 0;
    for (const auto& [key, value] : values) {
      if (place >= cursor) visit({.key = key, .value = value, .expires_at = expiry(key)});
      if (++place >= cursor + count) break;
    }
    return place >= values.size() ? 0 : place;
  }

  void expect(std::span<const BytesView> keys) override {
    values_when_expected.push_back(values.size());
    expected.insert(expected.end(), keys.begin(), keys.end());
  }

  std::map<Bytes, Bytes, std::less<>> values;
  std::map<Bytes, WallTime, std::less<>> times;
  std::multimap<Bytes, std::shared_ptr<store::Watch>> watches;
  bool has_room = true;
  std::size_t room = batch_bytes_max;
  /// The keys that were announced; and how many there were in the store each time.
  std::vector<Bytes> expected;
  std::vector<std::size_t> values_when_expected;
};

class MemoryBackend final : public Backend {
 public:
  using Operation = store::Operation;

  explicit MemoryBackend(System& system)
      : system_(system), key_value_(system.spawn("key-value", run_operations, {.capacity = 1024}, this)) {}
  ~MemoryBackend() override {
    key_value_.stop();
    if (key_value_.stopped()) return;  // The system has shut down.
    static_cast<void>(wait(system_, [](Address<store::KeyValueMessage> stopping) -> Task<> {
      while (!stopping.stopped()) co_await sleep(std::chrono::milliseconds(1));
    }(key_value_)));
  }

  const Address<store::KeyValueMessage>& key_value() const noexcept override { return key_value_; }
  Task<Result<bool>> reset(store::ActorType actor) override {
    resets.push_back(actor);
    co_return true;
  }
  Task<Result<void>> flush_within(Duration /*limit*/) override { co_return Result<void>{}; }
  Task<Result<SnapshotReport>> take_snapshot() override {
    ++snapshots;
    if (snapshot_delay > Duration{0}) co_await sleep(snapshot_delay);
    co_return SnapshotReport{.file = "snapshot", .covers = 7, .end_lsn = 7, .records = data.size(), .bytes = 100};
  }
  store::StoreStatistics statistics() override {
    return {.keys = data.size(),
            .memory_bytes_max = memory_bytes_max,
            .when_memory_full = when_memory_full,
            .key_value_incarnation = 1};
  }

  void set_memory_limit(std::uint64_t bytes, store::WhenMemoryFull when_full) override {
    memory_bytes_max = bytes;
    when_memory_full = when_full;
  }

  MemoryTransaction data;
  std::uint64_t memory_bytes_max = 0;
  store::WhenMemoryFull when_memory_full = store::WhenMemoryFull::refuse;
  Duration delay{0};
  Duration snapshot_delay{0};
  std::size_t operations = 0;
  std::optional<Durability> durability;  // That the last one was to have; none: the store's.
  std::size_t snapshots = 0;
  /// Whatever changes something is refused, and changes nothing.
  bool disk_full = false;
  /// What the next operations end with, without being run.
  std::deque<Error> failures;
  /// Those that failed: an incarnation that was replaced may still run them.
  std::vector<Operation> abandoned;
  std::vector<store::ActorType> resets;

 private:
  static Task<> run_operations(Mailbox<store::KeyValueMessage>& inbox, MemoryBackend* backend) {
    while (auto message = co_await inbox.receive()) {
      ++backend->operations;
      if (backend->delay > Duration{0}) co_await sleep(backend->delay);
      if (auto* with = std::get_if<store::OperateWith>(&*message)) {
        backend->durability = with->options.durability;
        with->response.complete(backend->run(with->operation));
      } else {
        auto& request = std::get<store::Operate>(*message);
        backend->durability.reset();
        request.response.complete(backend->run(request.operation));
      }
    }
  }
  Result<void> run(Operation& operation) {
    if (!failures.empty()) {
      const Error error = failures.front();
      failures.pop_front();
      abandoned.push_back(std::move(operation));
      return std::unexpected(error);
    }
    const auto before = disk_full ? data.values : decltype(data.values){};
    operation(data);
    if (!disk_full || data.values == before) return {};
    data.values = before;
    return failure(ErrorCode::storage_full, "no space left");
  }

  System& system_;
  Address<store::KeyValueMessage> key_value_;  // Last: the actor uses all the others.
};

}  // namespace understudy::server
