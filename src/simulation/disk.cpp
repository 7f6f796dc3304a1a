// What is asked of the files of a simulated disk.
#include "simulation/disk.hpp"

#include "simulation/blocking_calls.hpp"

#include <algorithm>
#include <utility>

namespace understudy::simulation {

namespace {

constexpr std::string_view input_output_error = "Input/output error";
constexpr std::string_view no_space = "No space left on device";

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

/// Counts one off. True of the last; 0: nothing is counted.
bool comes_due(std::uint64_t& left) noexcept {
  if (left == 0) return false;
  --left;
  return left == 0;
}

}  // namespace

std::uint64_t Disk::generation() const {
  const std::lock_guard guard(mutex_);
  return generation_;
}

bool Disk::is_released(std::uint64_t generation, std::uint64_t releases) const {
  const std::lock_guard guard(mutex_);
  return generation_ != generation || releases_ != releases;
}

void Disk::take_time(std::uint64_t generation) {
  Duration time{};
  std::uint64_t releases = 0;
  std::uint64_t DiskFaultCounts::* counted = nullptr;
  {
    const std::lock_guard guard(mutex_);
    if (generation != generation_) return;
    releases = releases_;
    if (happens(faults_.stuck_percent)) {
      time = faults_.stuck_time;
      counted = &DiskFaultCounts::stuck;
    } else if (happens(faults_.slow_percent)) {
      time = Duration(1 + random_.below(static_cast<std::uint64_t>(faults_.slow_time_max.count())));
      counted = &DiskFaultCounts::slow;
    } else {
      return;
    }
  }
  const bool held = detail::hold_blocking_call(time, [=, this] { return is_released(generation, releases); });
  const std::lock_guard guard(mutex_);
  if (held) ++(counts_.*counted);
}

Result<void> Disk::check(std::uint64_t generation, std::string_view operation, std::string_view name) const {
  if (generation == generation_) return {};
  return failed(operation, name, "the process that opened it has ended");
}

std::optional<DiskFailure> Disk::begin(DiskOperation operation) {
  history_.push_back(operation);
  if (!comes_due(operations_to_failure_)) return std::nullopt;
  return can_fail(operation, ordered_) ? ordered_ : DiskFailure::error;
}

Result<void> Disk::begin_look(DiskOperation sort, std::uint32_t fails_percent, std::string_view operation,
                              std::string_view name) {
  const std::optional<DiskFailure> how = begin(sort);
  if (how == DiskFailure::power_before) return lose_power(operation, name);
  if (!how && !happens(fails_percent)) return {};
  ++counts_.failed_reads;
  return failed(operation, name, input_output_error);
}

std::unexpected<Error> Disk::lose_power(std::string_view operation, std::string_view name) {
  crash_now();
  return failed(operation, name, "the power failed");
}

Result<void> Disk::count_change(std::string_view operation, std::string_view name) {
  if (!comes_due(changes_to_power_loss_)) return {};
  return lose_power(operation, name);
}

std::uint64_t Disk::room_bytes() const {
  std::uint64_t used = 0;
  for (const auto& [name, file] : entries_) used += file->cached().size();
  return faults_.capacity_bytes > used ? faults_.capacity_bytes - used : 0;
}

// --- files -----------------------------------------------------------------------------------------------------------

Result<void> Disk::append(const Handle& handle, BytesView bytes) {
  take_time(handle.generation);
  const std::lock_guard guard(mutex_);
  return write(handle, handle.file->cached().size(), bytes);
}

Result<void> Disk::write_at(const Handle& handle, std::uint64_t offset, BytesView bytes) {
  take_time(handle.generation);
  const std::lock_guard guard(mutex_);
  return write(handle, offset, bytes);
}

Result<void> Disk::write(const Handle& handle, std::uint64_t offset, BytesView bytes) {
  constexpr std::string_view operation = "write to";
  if (auto good = check(handle.generation, operation, handle.name); !good) return good;
  ++counters_.appends;
  DiskFile& file = *handle.file;
  if (offset > file.cached().size()) {
    return failure(ErrorCode::invalid_argument, handle.name + " is shorter than where it should be written to");
  }
  const std::optional<DiskFailure> how = begin(DiskOperation::write);
  if (how == DiskFailure::power_before) return lose_power(operation, handle.name);
  const std::uint64_t growth = offset + bytes.size() - std::min(file.cached().size(), offset + bytes.size());
  const std::uint64_t room = room_bytes();
  std::size_t written = bytes.size() - (growth > room ? growth - room : 0);
  std::string_view reason = growth > room ? no_space : "";
  std::uint64_t DiskFaultCounts::* counted = &DiskFaultCounts::full;
  if (how == DiskFailure::no_space) {
    written = bytes.size() / 2;
    reason = no_space;
  } else if (how == DiskFailure::short_write || happens(faults_.short_write_percent)) {
    written = how || bytes.size() < 2 ? bytes.size() / 2 : 1 + random_.below(bytes.size() - 1);
    reason = input_output_error;
    counted = &DiskFaultCounts::short_writes;
  } else if (how == DiskFailure::error || how == DiskFailure::error_after || happens(faults_.append_fails_percent)) {
    written = how ? (how == DiskFailure::error ? 0 : bytes.size()) : random_.below(bytes.size() + 1);
    reason = input_output_error;
    counted = &DiskFaultCounts::failed_writes;
  }
  file.write(offset, bytes.substr(0, written));
  if (how == DiskFailure::power_torn) return lose_power(operation, handle.name);
  if (auto powered = count_change(operation, handle.name); !powered) return powered;
  if (reason.empty()) {
    counters_.appended_bytes += bytes.size();
    return {};
  }
  ++(counts_.*counted);
  return failed(operation, handle.name, reason,
                reason == no_space ? ErrorCode::storage_full : ErrorCode::storage_failed);
}

Result<std::size_t> Disk::read_at(const Handle& handle, std::uint64_t offset, std::span<char> into) {
  take_time(handle.generation);
  const std::lock_guard guard(mutex_);
  if (auto good = check(handle.generation, "read", handle.name); !good) return std::unexpected(good.error());
  ++counters_.reads;
  auto begun = begin_look(DiskOperation::read, faults_.read_fails_percent, "read", handle.name);
  if (!begun) return std::unexpected(begun.error());
  if (happens(faults_.cache_dropped_percent)) {
    handle.file->drop_cache();
    ++counts_.dropped_caches;
  }
  const Bytes& cached = handle.file->cached();
  if (offset >= cached.size()) return 0;
  return cached.copy(into.data(), into.size(), offset);
}

Result<std::uint64_t> Disk::size(const Handle& handle) {
  constexpr std::string_view operation = "find the size of";
  const std::lock_guard guard(mutex_);
  if (auto good = check(handle.generation, operation, handle.name); !good) return std::unexpected(good.error());
  if (auto begun = begin_look(DiskOperation::size, 0, operation, handle.name); !begun) {
    return std::unexpected(begun.error());
  }
  return handle.file->cached().size();
}

Result<void> Disk::truncate(const Handle& handle, std::uint64_t size_bytes) {
  constexpr std::string_view operation = "cut";
  const std::lock_guard guard(mutex_);
  if (auto good = check(handle.generation, operation, handle.name); !good) return good;
  if (size_bytes > handle.file->cached().size()) {
    return failure(ErrorCode::invalid_argument, handle.name + " is shorter than what it should be cut to");
  }
  ++counters_.truncates;
  const std::optional<DiskFailure> how = begin(DiskOperation::cut);
  if (how == DiskFailure::power_before) return lose_power(operation, handle.name);
  if (how != DiskFailure::error) handle.file->resize(size_bytes);
  if (how == DiskFailure::power_torn) return lose_power(operation, handle.name);
  if (auto powered = count_change(operation, handle.name); !powered) return powered;
  if (!how) return {};
  ++counts_.failed_writes;
  return failed(operation, handle.name, input_output_error);
}

Result<void> Disk::flush(const Handle& handle) {
  constexpr std::string_view operation = "flush";
  take_time(handle.generation);
  const std::lock_guard guard(mutex_);
  if (auto good = check(handle.generation, operation, handle.name); !good) return good;
  ++counters_.flushes;
  const std::optional<DiskFailure> how = begin(DiskOperation::flush);
  if (how == DiskFailure::power_before) return lose_power(operation, handle.name);
  if (auto powered = count_change(operation, handle.name); !powered) return powered;
  if (how == DiskFailure::error || happens(faults_.flush_fails_percent)) {
    handle.file->fail_flush(random_, counts_);
    ++counts_.failed_flushes;
    return failed(operation, handle.name, input_output_error);
  }
  save(*handle.file);
  if (how == DiskFailure::power_after) return lose_power(operation, handle.name);
  if (!how) return {};
  ++counts_.failed_flushes;
  return failed(operation, handle.name, input_output_error);
}

Result<void> Disk::forget_cache(const Handle& handle) {
  constexpr std::string_view operation = "drop the cache of";
  const std::lock_guard guard(mutex_);
  if (auto good = check(handle.generation, operation, handle.name); !good) return good;
  if (auto begun = begin_look(DiskOperation::drop_cache, 0, operation, handle.name); !begun) return begun;
  handle.file->drop_cache();
  return {};
}

// --- what nobody is told of ------------------------------------------------------------------------------------------

void Disk::save(DiskFile& file) {
  if (happens(faults_.misdirected_percent)) {
    save_misdirected(file);
  } else {
    file.flush();
  }
  if (!happens(faults_.rot_percent)) return;
  DiskFile* const rotten = draw_file_with_data();
  if (rotten != nullptr && rotten->rot(random_)) ++counts_.rotten;
}

void Disk::save_misdirected(DiskFile& file) {
  const FileRange sector = file.draw_unflushed(random_);
  const Bytes wanted = file.cached().substr(sector.offset, sector.bytes);
  Bytes old = sector.offset < file.saved().size() ? file.saved().substr(sector.offset, sector.bytes) : Bytes();
  old.resize(sector.bytes, '\0');
  file.flush();
  if (old == wanted) return;
  file.damage(sector.offset, old, DiskDamage::Kind::misdirected);
  ++counts_.misdirected;
  DiskFile* const other = draw_file_with_data();
  if (other == nullptr || random_.chance(30)) return;  // To where no file is.
  const std::uint64_t sectors = (other->saved().size() + sector_bytes - 1) / sector_bytes;
  const std::uint64_t offset = random_.below(sectors) * sector_bytes;
  if (other == &file && offset == sector.offset) return;
  const BytesView landed = BytesView(wanted).substr(0, other->saved().size() - offset);
  other->damage(offset, landed, DiskDamage::Kind::overwritten);
}

DiskFile* Disk::draw_file_with_data() {
  std::vector<DiskFile*> files;
  for (const auto& [name, file] : saved_entries_) {
    if (!file->saved().empty()) files.push_back(file.get());
  }
  return files.empty() ? nullptr : files[random_.below(files.size())];
}

// --- the directory ---------------------------------------------------------------------------------------------------

Result<std::vector<std::string>> Disk::list(std::uint64_t generation) {
  take_time(generation);
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "list", ""); !good) return std::unexpected(good.error());
  if (auto begun = begin_look(DiskOperation::list, faults_.list_fails_percent, "list", ""); !begun) {
    return std::unexpected(begun.error());
  }
  std::vector<std::string> names;
  for (const auto& [name, file] : entries_) names.push_back(name);
  return names;
}

Result<std::shared_ptr<DiskFile>> Disk::find(std::string_view operation, std::string_view name) const {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return failed(operation, name, "No such file or directory");
  return entry->second;
}

Result<std::shared_ptr<DiskFile>> Disk::create(std::uint64_t generation, std::string_view name) {
  take_time(generation);
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "create", name); !good) return std::unexpected(good.error());
  if (entries_.contains(name)) return failed("create", name, "File exists");
  auto file = std::make_shared<DiskFile>();
  auto changed = change_directory(DiskOperation::create, "create", {"", std::string(name), file});
  if (!changed) return std::unexpected(changed.error());
  return file;
}

Result<std::shared_ptr<DiskFile>> Disk::open(std::uint64_t generation, std::string_view name) {
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "open", name); !good) return std::unexpected(good.error());
  if (auto begun = begin_look(DiskOperation::open, 0, "open", name); !begun) return std::unexpected(begun.error());
  return find("open", name);
}

Result<void> Disk::remove(std::uint64_t generation, std::string_view name) {
  take_time(generation);
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "remove", name); !good) return good;
  if (auto file = find("remove", name); !file) return std::unexpected(file.error());
  return change_directory(DiskOperation::remove, "remove", {std::string(name), "", nullptr});
}

Result<void> Disk::rename(std::uint64_t generation, std::string_view from, std::string_view to) {
  take_time(generation);
  const std::lock_guard guard(mutex_);
  if (auto good = check(generation, "rename", from); !good) return good;
  auto file = find("rename", from);
  if (!file) return std::unexpected(file.error());
  return change_directory(DiskOperation::rename, "rename", {std::string(from), std::string(to), *file});
}

Result<void> Disk::change_directory(DiskOperation sort, std::string_view operation, DirectoryChange change) {
  ++counters_.directory_changes;
  const std::string name = change.name.empty() ? change.gone : change.name;
  const std::optional<DiskFailure> how = begin(sort);
  if (how == DiskFailure::power_before) return lose_power(operation, name);
  if (how == DiskFailure::no_space) {
    ++counts_.full;
    return failed(operation, name, no_space, ErrorCode::storage_full);
  }
  if (how == DiskFailure::error || happens(faults_.directory_change_fails_percent)) {
    ++counts_.failed_directory_changes;
    return failed(operation, name, input_output_error);
  }
  make_change(entries_, change);
  unsaved_changes_.push_back(std::move(change));
  if (how == DiskFailure::power_torn) return lose_power(operation, name);
  if (auto powered = count_change(operation, name); !powered) return powered;
  if (how == DiskFailure::error_after || happens(faults_.directory_flush_fails_percent)) {
    ++counts_.failed_directory_changes;
    return failed(operation, name, input_output_error);
  }
  saved_entries_ = entries_;
  unsaved_changes_.clear();
  if (how == DiskFailure::power_after) return lose_power(operation, name);
  return {};
}

void Disk::crash_now() {
  const std::uint64_t kept_changes = random_.below(unsaved_changes_.size() + 1);
  for (std::uint64_t index = 0; index < kept_changes; ++index) make_change(saved_entries_, unsaved_changes_[index]);
  counts_.lost_directory_changes += unsaved_changes_.size() - kept_changes;
  unsaved_changes_.clear();
  entries_ = saved_entries_;
  for (const auto& [name, file] : entries_) file->lose_power(random_, counts_);
  ++counts_.power_losses;
  end_generation();
}

void Disk::end_generation() {
  ++generation_;
  holder_.reset();
}

}  // namespace understudy::simulation
