#include "simulation/disk.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace understudy::simulation {

namespace {

constexpr std::uint64_t sector_bytes = 512;

std::unexpected<Error> failed(std::string_view operation, std::string_view name, std::string_view reason,
                              ErrorCode code = ErrorCode::storage_failed) {
  std::string message = "cannot ";
  message.append(operation).append(" simulated/").append(name).append(": ").append(reason);
  return failure(code, message);
}

template <typename Directory>
void make_change(Directory& directory, const DirectoryChange& change) {
  if (!change.gone.empty()) directory.erase(change.gone);
  if (change.file) directory[change.name] = change.file;
}

/// A test that names a file or byte that isn't there would test nothing.
[[noreturn]] void misused(std::string_view what, std::string_view name) {
  std::fprintf(stderr, "simulated disk: %.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(name.size()), name.data());
  std::abort();
}

}  // namespace

std::uint64_t Disk::generation() const {
  const std::lock_guard guard(mutex_);
  return generation_;
}

Result<void> Disk::check(std::uint64_t generation, std::string_view operation, std::string_view name) const {
  if (generation == generation_) return {};
  return failed(operation, name, "the process that opened it has ended");
}

Result<void> Disk::count_change(std::string_view operation, std::string_view name) {
  if (changes_to_power_loss_ == 0) return {};
  if (--changes_to_power_loss_ > 0) return {};
  crash_now();
  return failed(operation, name, "the power failed");
}

std::uint64_t Disk::used_bytes() const {
  std::uint64_t used = 0;
  for (const auto& [name, file] : entries_) used += file->cached.size();
  return used;
}

Result<void> Disk::append(const Handle& handle, BytesView bytes) {
  const std::lock_guard guard(mutex_);
  return write(handle, handle.file->cached.size(), bytes);
}

Result<void> Disk::write_at(const Handle& handle, std::uint64_t offset, BytesView bytes) {
  const std::lock_guard guard(mutex_);
  return write(handle, offset, bytes);
}

Result<void> Disk::write(const Handle& handle, std::uint64_t offset, BytesView bytes) {
  if (auto good = check(handle.generation, "write to", handle.name); !good) return good;
  FileState& file = *handle.file;
  if (offset > file.cached.size()) {
    return failure(ErrorCode::invalid_argument, handle.name + " is shorter than where it should be written to");
  }
  ++counters_.appends;
  const auto put = [&](BytesView part) {
    file.dirty_from = std::min(file.dirty_from, offset);
    file.cached.replace(offset, part.size(), part);
  };
  if (random_.chance(faults_.append_fails_percent)) {
    put(bytes.substr(0, random_.below(bytes.size() + 1)));
    return failed("write to", handle.name, "Input/output error");
  }
  const std::uint64_t over = std::min<std::uint64_t>(file.cached.size() - offset, bytes.size());
  const std::uint64_t used = used_bytes();
  const std::uint64_t room = over + (faults_.capacity_bytes > used ? faults_.capacity_bytes - used : 0);
  put(bytes.substr(0, room));
  if (auto powered = count_change("write to", handle.name); !powered) return powered;
  if (bytes.size() > room) {
    return failed("write to", handle.name, "No space left on device", ErrorCode::storage_full);
  }
  counters_.appended_bytes += bytes.size();
  return {};
}

Result<std::size_t> Disk::read_at(const Handle& handle, std::uint64_t offset, std::span<char> into) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(handle.generation, "read", handle.name); !good) return std::unexpected(good.error());
  ++counters_.reads;
  if (random_.chance(faults_.read_fails_percent)) return failed("read", handle.name, "Input/output error");
  const Bytes& cached = handle.file->cached;
  if (offset >= cached.size()) return 0;
  return cached.copy(into.data(), into.size(), offset);
}

Result<std::uint64_t> Disk::size(const Handle& handle) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(handle.generation, "find the size of", handle.name); !good) {
    return std::unexpected(good.error());
  }
  return handle.file->cached.size();
}

Result<void> Disk::truncate(const Handle& handle, std::uint64_t size_bytes) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(handle.generation, "cut", handle.name); !good) return good;
  ++counters_.truncates;
  FileState& file = *handle.file;
  if (size_bytes > file.cached.size()) {
    return failure(ErrorCode::invalid_argument, handle.name + " is shorter than what it should be cut to");
  }
  file.cached.resize(size_bytes);
  file.dirty_from = std::min(file.dirty_from, size_bytes);
  return count_change("cut", handle.name);
}

Result<void> Disk::flush(const Handle& handle) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(handle.generation, "flush", handle.name); !good) return good;
  ++counters_.flushes;
  if (auto powered = count_change("flush", handle.name); !powered) return powered;
  FileState& file = *handle.file;
  if (random_.chance(faults_.flush_fails_percent)) {
    file.saved = torn(file);
    file.dirty_from = file.cached.size();
    return failed("flush", handle.name, "Input/output error");
  }
  file.saved.resize(file.dirty_from, '\0');
  file.saved.append(file.cached, file.dirty_from);
  file.dirty_from = file.cached.size();
  return {};
}

Result<void> Disk::forget_cache(const Handle& handle) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(handle.generation, "drop the cache of", handle.name); !good) return good;
  FileState& file = *handle.file;
  Bytes seen = file.saved;
  seen.resize(file.dirty_from, '\0');
  seen.append(file.cached, file.dirty_from);
  file.cached = std::move(seen);
  return {};
}

Bytes Disk::torn(const FileState& file) {
  const bool cut_is_waiting = file.saved.size() > file.dirty_from;
  if (cut_is_waiting && random_.chance(50)) return file.saved;  // neither the cut nor what came after it
  Bytes kept = file.saved;
  if (cut_is_waiting) kept.resize(file.dirty_from);
  const std::uint64_t dirty_bytes = file.cached.size() - file.dirty_from;
  if (dirty_bytes == 0) return kept;

  const std::uint64_t style = random_.below(4);
  if (style == 0) return kept;  // nothing of it
  std::uint64_t end = file.cached.size();
  if (style != 1) end = file.dirty_from + random_.below(dirty_bytes + 1);
  kept.resize(file.dirty_from, '\0');
  kept.append(file.cached, file.dirty_from, end - file.dirty_from);
  if (style == 2) return kept;  // a clean beginning of it
  for (std::uint64_t at = file.dirty_from; at < end;) {
    const std::uint64_t sector_end = std::min((at / sector_bytes + 1) * sector_bytes, end);
    const std::uint64_t fate = random_.below(4);
    for (; at < sector_end; ++at) {
      if (fate == 0) kept[at] = '\0';
      if (fate == 1) kept[at] = static_cast<char>(random_.next() & 0xFFU);
    }
  }
  return kept;
}

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

Result<std::vector<std::string>> Disk::list(std::uint64_t generation) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "list", ""); !good) return std::unexpected(good.error());
  std::vector<std::string> names;
  for (const auto& [name, file] : entries_) names.push_back(name);
  return names;
}

Result<std::shared_ptr<FileState>> Disk::find(std::string_view operation, std::string_view name) const {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return failed(operation, name, "No such file or directory");
  return entry->second;
}

Result<std::shared_ptr<FileState>> Disk::create(std::uint64_t generation, std::string_view name) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "create", name); !good) return std::unexpected(good.error());
  if (entries_.contains(name)) return failed("create", name, "File exists");
  auto file = std::make_shared<FileState>();
  auto changed = change_directory("create", {"", std::string(name), file});
  if (!changed) return std::unexpected(changed.error());
  return file;
}

Result<std::shared_ptr<FileState>> Disk::open(std::uint64_t generation, std::string_view name) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "open", name); !good) return std::unexpected(good.error());
  return find("open", name);
}

Result<void> Disk::remove(std::uint64_t generation, std::string_view name) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "remove", name); !good) return good;
  if (auto file = find("remove", name); !file) return std::unexpected(file.error());
  return change_directory("remove", {std::string(name), "", nullptr});
}

Result<void> Disk::rename(std::uint64_t generation, std::string_view from, std::string_view to) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "rename", from); !good) return good;
  auto file = find("rename", from);
  if (!file) return std::unexpected(file.error());
  return change_directory("rename", {std::string(from), std::string(to), *file});
}

Result<void> Disk::change_directory(std::string_view operation, DirectoryChange change) {
  ++counters_.directory_changes;
  make_change(entries_, change);
  const std::string name = change.name.empty() ? change.gone : change.name;
  unsaved_changes_.push_back(std::move(change));
  if (auto powered = count_change(operation, name); !powered) return powered;
  if (random_.chance(faults_.directory_flush_fails_percent)) return failed(operation, name, "Input/output error");
  saved_entries_ = entries_;
  unsaved_changes_.clear();
  return {};
}

void Disk::crash_now() {
  const std::uint64_t kept_changes = random_.below(unsaved_changes_.size() + 1);
  for (std::uint64_t index = 0; index < kept_changes; ++index) make_change(saved_entries_, unsaved_changes_[index]);
  unsaved_changes_.clear();
  entries_ = saved_entries_;
  for (const auto& [name, file] : entries_) {
    file->saved = torn(*file);
    file->cached = file->saved;
    file->dirty_from = file->saved.size();
  }
  ++power_losses_;
  end_generation();
}

void Disk::end_generation() {
  ++generation_;
  holder_.reset();
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

std::uint64_t Disk::power_losses() const {
  const std::lock_guard guard(mutex_);
  return power_losses_;
}

void Disk::set_faults(const DiskFaults& faults) {
  const std::lock_guard guard(mutex_);
  faults_ = faults;
}

void Disk::flip_bit(std::string_view name, std::uint64_t byte_offset, unsigned bit) {
  const std::lock_guard guard(mutex_);
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) misused("no such file to flip a bit of", name);
  FileState& file = *entry->second;
  if (byte_offset >= file.cached.size() || bit > 7) misused("no such bit to flip in", name);
  const auto flipped = [bit](char byte) { return static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << bit)); };
  file.cached[byte_offset] = flipped(file.cached[byte_offset]);
  if (byte_offset < file.saved.size()) file.saved[byte_offset] = flipped(file.saved[byte_offset]);
}

void Disk::place(std::string_view name, BytesView content) {
  const std::lock_guard guard(mutex_);
  auto file = std::make_shared<FileState>(FileState{Bytes(content), Bytes(content), content.size()});
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
  for (const auto& [name, file] : entries_) all[name] = file->cached;
  return all;
}

DiskCounters Disk::counters() const {
  const std::lock_guard guard(mutex_);
  return counters_;
}

}  // namespace understudy::simulation
