#include "process/crash_states/disk_model.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace understudy::process_test {

namespace {

constexpr std::uint64_t sector_bytes = 512;

}  // namespace

bool DiskModel::matters(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::process_begins:
    case EventKind::flush_begins:
    case EventKind::directory_flush_begins:
    case EventKind::replied:
      return false;
    default:
      return true;
  }
}

void DiskModel::apply(const Event& event) {
  const EventHead& head = event.head;
  switch (head.kind) {
    case EventKind::process_begins:
      begun_.clear();
      directory_begun_.clear();
      return;
    case EventKind::directory_made:
      made_here_ = true;
      return;
    case EventKind::directory_entry_flushed:
      entry_durable_ = true;
      return;
    case EventKind::file_made:
    case EventKind::file_renamed:
    case EventKind::file_removed:
      return change_directory(event);
    case EventKind::written:
    case EventKind::resized:
    case EventKind::reserved:
      return change_file(event);
    case EventKind::flush_begins: {
      const std::shared_ptr<File> file = file_of(event);
      begun_[head.thread] = {file, file->settled + file->unflushed.size()};
      return;
    }
    case EventKind::flushed:
    case EventKind::flush_failed:
      return end_flush(event, head.kind == EventKind::flushed);
    case EventKind::cache_forgotten:
      return trust(*file_of(event));
    case EventKind::directory_flush_begins:
      directory_begun_[head.thread] = settled_ + unflushed_.size();
      return;
    case EventKind::directory_flushed:
    case EventKind::directory_flush_failed:
      return end_directory_flush(event, head.kind == EventKind::directory_flushed);
    case EventKind::replied:
      return;
    case EventKind::not_understood:
      break;
  }
  throw std::runtime_error("the recording has what the model does not know: " + std::string(event.text));
}

std::shared_ptr<DiskModel::File> DiskModel::file_of(const Event& event) const {
  const auto found = files_.find(event.head.file);
  if (found == files_.end()) throw std::runtime_error("a file was used that nobody has made: " + in_words(event));
  return found->second;
}

// --- files -----------------------------------------------------------------------------------------------------------

void DiskModel::make(Bytes& content, const Change& change) {
  if (change.kind == EventKind::resized) {
    content.resize(change.size);
    return;
  }
  const std::uint64_t end = change.offset + (change.kind == EventKind::written ? change.bytes.size() : change.size);
  if (content.size() < end) content.resize(end);
  std::ranges::copy(change.bytes, content.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

void DiskModel::change_file(const Event& event) {
  File& file = *file_of(event);
  file.unflushed.push_back(
      {.kind = event.head.kind, .offset = event.head.offset, .size = event.head.size, .bytes = event.text});
  make(file.seen, file.unflushed.back());
}

void DiskModel::end_flush(const Event& event, bool good) {
  const auto begun = begun_.find(event.head.thread);
  if (begun == begun_.end()) throw std::runtime_error("a flush ended that was not begun: " + in_words(event));
  if (good) {
    settle(*begun->second.file, begun->second.up_to);
  } else {
    doubt(*begun->second.file, begun->second.up_to);
  }
  begun_.erase(begun);
}

void DiskModel::settle(File& file, std::uint64_t up_to) {
  std::deque<Change> left;
  std::uint64_t number = file.settled;
  for (Change& change : file.unflushed) {
    const bool covered = number++ < up_to;
    if (covered && !change.doubtful) {
      make(file.durable, change);
      continue;
    }
    if (covered) change.flushed_afterwards = true;
    left.push_back(std::move(change));
  }
  file.settled = number - left.size();
  file.unflushed = std::move(left);
}

void DiskModel::doubt(File& file, std::uint64_t up_to) {
  std::uint64_t number = file.settled;
  for (Change& change : file.unflushed) {
    if (number++ < up_to) change.doubtful = true;
  }
}

/// The process reads the disk itself from here on, and goes by what is there: which was all, or the recording would go
/// on otherwise.
void DiskModel::trust(File& file) {
  std::uint64_t trusted = 0;
  for (Change& change : file.unflushed) {
    if (!change.flushed_afterwards) break;
    change.doubtful = change.flushed_afterwards = false;
    ++trusted;
  }
  settle(file, file.settled + trusted);
}

// --- the directory ---------------------------------------------------------------------------------------------------

void DiskModel::change_directory(const Event& event) {
  DirectoryChange change{.kind = event.head.kind, .name = std::string(event.text), .new_name = {}, .file = {}};
  if (change.kind == EventKind::file_made) {
    change.file = std::make_shared<File>();
    files_[event.head.file] = change.file;
  } else if (change.kind == EventKind::file_renamed) {
    const std::size_t middle = change.name.find('\0');
    change.new_name = change.name.substr(middle + 1);
    change.name.resize(middle);
  }
  if (change.kind != EventKind::file_made && !seen_.contains(change.name)) {
    throw std::runtime_error("there is no file " + change.name + ", though it was renamed or removed");
  }
  make(seen_, change);
  unflushed_.push_back(std::move(change));
}

void DiskModel::make(Entries& entries, const DirectoryChange& change) {
  if (change.kind == EventKind::file_made) {
    entries[change.name] = change.file;
  } else if (change.kind == EventKind::file_removed) {
    entries.erase(change.name);
  } else if (auto moved = entries.extract(change.name); !moved.empty()) {
    entries[change.new_name] = std::move(moved.mapped());
  }
}

void DiskModel::end_directory_flush(const Event& event, bool good) {
  const auto begun = directory_begun_.find(event.head.thread);
  if (begun == directory_begun_.end()) throw std::runtime_error("a flush ended that was not begun");
  for (; good && settled_ < begun->second; ++settled_) {
    make(durable_, unflushed_.front());
    unflushed_.pop_front();
  }
  directory_begun_.erase(begun);
}

// --- crashes ---------------------------------------------------------------------------------------------------------

bool DiskModel::has_unflushed() const {
  if (!unflushed_.empty() || (made_here_ && !entry_durable_)) return true;
  return std::ranges::any_of(durable_, [](const auto& entry) { return !entry.second->unflushed.empty(); });
}

Files DiskModel::seen() const {
  Files files;
  for (const auto& [name, file] : seen_) files[name] = file->seen;
  return files;
}

Files DiskModel::after_crash(Fate fate, Random& random) const {
  if (fate == Fate::everything) return seen();
  const bool maybe_no_directory = made_here_ && !entry_durable_;
  if (maybe_no_directory && (fate == Fate::nothing || random.chance(50))) return {};
  Entries entries = durable_;
  const std::uint64_t made = fate == Fate::nothing ? 0 : random.below(unflushed_.size() + 1);
  for (std::uint64_t index = 0; index < made; ++index) make(entries, unflushed_[index]);
  Files files;
  for (const auto& [name, file] : entries) {
    files[name] = fate == Fate::nothing || file->unflushed.empty() ? file->durable : torn(*file, random);
  }
  return files;
}

Bytes DiskModel::torn(const File& file, Random& random) {
  switch (random.below(6)) {
    case 0:
      return file.durable;
    case 1:
      return file.seen;
    case 2:
      return cut_anywhere(file, random);
    case 3: {  // The length, and not the bytes.
      Bytes content = file.durable;
      content.resize(std::max(content.size(), file.seen.size()));
      return content;
    }
    default:
      return in_sectors(file, random);
  }
}

Bytes DiskModel::cut_anywhere(const File& file, Random& random) {
  Bytes content = file.durable;
  const std::uint64_t whole = random.below(file.unflushed.size());
  for (std::uint64_t index = 0; index < whole; ++index) make(content, file.unflushed[index]);
  Change last = file.unflushed[whole];
  last.bytes = last.bytes.substr(0, random.below(last.bytes.size() + 1));
  if (last.kind == EventKind::written) make(content, last);
  return content;
}

Bytes DiskModel::in_sectors(const File& file, Random& random) {
  Bytes content = file.durable;
  for (const Change& change : file.unflushed) {
    if (change.kind != EventKind::written) {
      if (random.chance(50)) make(content, change);
      continue;
    }
    const std::uint64_t end = change.offset + change.bytes.size();
    if (content.size() < end) content.resize(end);
    for (std::uint64_t at = change.offset; at < end;) {
      const std::uint64_t next = std::min(end, (at / sector_bytes + 1) * sector_bytes);
      const std::uint64_t drawn = random.below(4);
      for (std::uint64_t byte = at; byte < next && drawn != 0; ++byte) {
        content[byte] = drawn == 1 ? static_cast<char>(random.next() & 0xFFU) : change.bytes[byte - change.offset];
      }
      at = next;
    }
  }
  const std::uint64_t grown = content.size() > file.durable.size() ? content.size() - file.durable.size() : 0;
  if (grown != 0 && random.chance(50)) content.resize(content.size() - random.below(grown + 1));
  return content;
}

}  // namespace understudy::process_test
