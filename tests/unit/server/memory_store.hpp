// A store in memory for the tests of the server: it counts its operations, takes its time, and fails when it is told
// to.
#pragma once

#include "server/backend.hpp"
#include "understudy/runtime/sleep.hpp"

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace understudy::server {

class MemoryTransaction final : public store::Transaction {
 public:
  const Bytes* get(BytesView key) override {
    const auto found = values.find(key);
    return found == values.end() ? nullptr : &found->second;
  }
  void set(BytesView key, Bytes value) override { values.insert_or_assign(Bytes(key), std::move(value)); }
  bool erase(BytesView key) override {
    const auto found = values.find(key);
    if (found == values.end()) return false;
    values.erase(found);
    return true;
  }
  void clear() override { values.clear(); }
  std::size_t size() override { return values.size(); }
  void for_each(const std::function<void(BytesView, const Bytes&)>& visit) override {
    for (const auto& [key, value] : values) visit(key, value);
  }
  std::uint64_t scan(std::uint64_t cursor, std::size_t count,
                     const std::function<void(BytesView, const Bytes&)>& visit) override {
    std::uint64_t place = 0;
    for (const auto& [key, value] : values) {
      if (place >= cursor) visit(key, value);
      if (++place >= cursor + count) break;
    }
    return place >= values.size() ? 0 : place;
  }

  std::map<Bytes, Bytes, std::less<>> values;
};

class MemoryBackend final : public Backend {
 public:
  using Operation = std::move_only_function<void(store::Transaction&)>;

  Task<Result<void>> operate(Operation operation) override {
    ++operations;
    if (delay > Duration{0}) co_await sleep(delay);
    if (!failures.empty()) {
      const Error error = failures.front();
      failures.pop_front();
      abandoned.push_back(std::move(operation));
      co_return std::unexpected(error);
    }
    operation(data);
    co_return Result<void>{};
  }
  Task<Result<bool>> reset(store::ActorType actor) override {
    resets.push_back(actor);
    co_return true;
  }
  Task<Result<SnapshotReport>> take_snapshot() override {
    co_return SnapshotReport{.file = "snapshot", .covers = 7, .end_lsn = 7, .records = data.size(), .bytes = 100};
  }
  store::StoreStatistics statistics() override { return {.keys = data.size(), .key_value_incarnation = 1}; }

  MemoryTransaction data;
  Duration delay{0};
  std::size_t operations = 0;
  /// What the next operations end with, without being run.
  std::deque<Error> failures;
  /// Those that failed: an incarnation that was replaced may still run them.
  std::vector<Operation> abandoned;
  std::vector<store::ActorType> resets;
};

}  // namespace understudy::server
