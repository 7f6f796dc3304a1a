// What a test does to a simulated disk, and sees of it.
#include "simulation/disk.hpp"

#include <cstdio>
#include <cstdlib>

namespace understudy {

bool can_fail(DiskOperation operation, DiskFailure how) noexcept {
  using enum DiskOperation;
  const bool changes_directory = operation == create || operation == remove || operation == rename;
  switch (how) {
    case DiskFailure::error:
    case DiskFailure::power_before:
      return true;
    case DiskFailure::error_after:
      return operation == write || operation == flush || operation == cut || changes_directory;
    case DiskFailure::short_write:
      return operation == write;
    case DiskFailure::no_space:
      return operation == write || operation == create;
    case DiskFailure::power_torn:  // In the middle of a flush is before it.
      return operation == write || operation == cut || changes_directory;
    case DiskFailure::power_after:  // Right after a write is in the middle of it: it is not flushed.
      return operation == flush || changes_directory;
  }
  return false;
}

namespace simulation {
namespace {

/// A test that names a file or byte that isn't there would test nothing.
[[noreturn]] void misused(std::string_view what, std::string_view name) {
  std::fprintf(stderr, "simulated disk: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(name.size()), name.data());
  std::abort();
}

}  // namespace

Result<void> Disk::lock(std::uint64_t generation, std::uint64_t process) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "lock", "LOCK"); !good) return good;
  if (holder_) {
    return failure(ErrorCode::directory_locked,
                   "simulated is in use by " + (*holder_ == process
                                                    ? "this process, which has not let go of it yet"
                                                    : "process " + std::to_string(*holder_) + " on host simulated"));
  }
  holder_ = process;
  return {};
}

void Disk::unlock(std::uint64_t generation) {
  const std::lock_guard guard(mutex_);
  if (generation == generation_) holder_.reset();
}

Result<std::optional<std::uint64_t>> Disk::lock_holder(std::uint64_t generation) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "lock", "LOCK"); !good) return std::unexpected(good.error());
  return holder_;
}

void Disk::crash() {
  const std::lock_guard guard(mutex_);
  crash_now();
}

void Disk::kill() {
  const std::lock_guard guard(mutex_);
  end_generation();
}

void Disk::lose_power_at(std::uint64_t nth) {
  const std::lock_guard guard(mutex_);
  changes_to_power_loss_ = nth;
}

void Disk::fail_operation(std::uint64_t nth, DiskFailure how) {
  const std::lock_guard guard(mutex_);
  operations_to_failure_ = nth;
  ordered_ = how;
}

void Disk::release_stuck() {
  const std::lock_guard guard(mutex_);
  ++releases_;
}

void Disk::set_faults(const DiskFaults& faults) {
  const std::lock_guard guard(mutex_);
  faults_ = faults;
}

void Disk::flip_bit(std::string_view name, std::uint64_t byte_offset, unsigned bit) {
  const std::lock_guard guard(mutex_);
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) misused("no such file to flip a bit of", name);
  if (byte_offset >= entry->second->cached().size() || bit > 7) misused("no such bit to flip in", name);
  entry->second->flip_bit(byte_offset, bit);
}

void Disk::place(std::string_view name, BytesView content) {
  const std::lock_guard guard(mutex_);
  auto file = std::make_shared<DiskFile>(content);
  entries_[std::string(name)] = file;
  saved_entries_[std::string(name)] = file;
}

void Disk::take_away(std::string_view name) {
  const std::lock_guard guard(mutex_);
  if (entries_.erase(std::string(name)) == 0) misused("no such file to take away", name);
  saved_entries_.erase(std::string(name));
}

std::map<std::string, Bytes> Disk::files() const {
  const std::lock_guard guard(mutex_);
  std::map<std::string, Bytes> all;
  for (const auto& [name, file] : entries_) all[name] = file->cached();
  return all;
}

DiskCounters Disk::counters() const {
  const std::lock_guard guard(mutex_);
  return counters_;
}

DiskFaultCounts Disk::fault_counts() const {
  const std::lock_guard guard(mutex_);
  return counts_;
}

std::vector<DiskOperation> Disk::history() const {
  const std::lock_guard guard(mutex_);
  return history_;
}

std::vector<DiskDamage> Disk::damage() const {
  const std::lock_guard guard(mutex_);
  std::vector<DiskDamage> all;
  for (const auto& [name, file] : entries_) {
    for (const DiskDamage& damage : file->damages()) {
      all.push_back(damage);
      all.back().file = name;
    }
  }
  return all;
}

}  // namespace simulation
}  // namespace understudy
