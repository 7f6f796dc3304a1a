#include "process/crash_states/start.hpp"

#include "understudy/actor/system.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/store/records.hpp"
#include "understudy/store/store.hpp"

#include <memory>
#include <utility>

#include <fmt/format.h>

namespace understudy::process_test {

namespace {

void place(SimulatedDisk& disk, const Files& files) {
  for (const auto& [name, content] : files) disk.place(name, content);
}

Result<Started> start_on(SimulatedDisk& disk) {
  Started started;
  const auto apply = [&](const Record& record) -> Result<void> {
    const Result<store::Change> change = store::decode_record(record);
    if (!change) return std::unexpected(change.error());
    if (change->value) {
      started.values.insert_or_assign(Bytes(*change->key), Bytes(*change->value));
    } else if (record.kind == store::erase_record) {
      started.values.erase(Bytes(*change->key));
    } else if (record.kind == store::clear_record) {
      started.values.clear();
    }
    return {};
  };
  const auto journal = Journal::open(disk.attach(), {}, apply);
  if (!journal) return std::unexpected(journal.error());
  started.report = (*journal)->recovery();
  return started;
}

/// What the whole store holds, after it has been given one more key.
Result<Values> values_of_store(SimulatedDisk& disk, const Bytes& new_key) {
  System system({.workers = 1});
  store::StoreOptions options;
  options.open_storage = [&disk]() -> Result<std::shared_ptr<Storage>> { return disk.attach(); };
  auto store = store::Store::open(system, std::move(options));
  if (!store) return std::unexpected(store.error());
  Values values;
  auto read = [&values](store::Transaction& transaction) {
    transaction.for_each([&](const store::KeyView& each) { values.emplace(each.key, each.value); });
  };
  const Result<void> done = wait(system, (*store)->operate(read));
  if (!done) return std::unexpected(done.error());
  const Result<void> written = wait(system, (*store)->set(new_key, new_key));
  if (!written) return std::unexpected(written.error());
  disk.crash();  // What was answered is durable.
  return values;
}

std::string failed(std::string_view when, const Error& error) { return fmt::format("{}: {}", when, error.message()); }

}  // namespace

Result<Started> start_on(const Files& files) {
  SimulatedDisk disk(0);
  place(disk, files);
  return start_on(disk);
}

std::optional<std::string> start_whole_store_on(const Files& files, const Values& expected, std::uint64_t seed) {
  constexpr std::uint64_t changes_of_a_start_max = 8;
  for (std::uint64_t nth = 1; nth <= changes_of_a_start_max; ++nth) {
    SimulatedDisk disk(seed + nth);
    place(disk, files);
    disk.lose_power_at(nth);
    const Result<Started> disturbed = start_on(disk);
    const bool was_disturbed = disk.power_losses() != 0;
    disk.lose_power_at(0);
    disk.crash();
    const Result<Started> again = start_on(disk);
    if (!again) return failed(fmt::format("after power loss at change {} of a start", nth), again.error());
    if (again->values != expected) return fmt::format("power loss at change {} of a start changes the values", nth);
    if (!was_disturbed) break;
  }
  SimulatedDisk disk(seed);
  place(disk, files);
  const Bytes new_key = "written after the start";
  Result<Values> values = values_of_store(disk, new_key);
  if (!values) return failed("the whole store", values.error());
  if (*values != expected) return "the whole store holds other values than its journal";
  const Result<Started> after = start_on(disk);
  if (!after) return failed("the start after the next power loss", after.error());
  values->emplace(new_key, new_key);
  if (after->values != *values) return "what was written after the start is not kept";
  return std::nullopt;
}

}  // namespace understudy::process_test
