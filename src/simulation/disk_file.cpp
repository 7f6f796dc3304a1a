#include "simulation/disk_file.hpp"

#include <algorithm>
#include <map>

namespace understudy::simulation {

namespace {

/// What has become of one sector.
struct Fate {
  enum class Kind : std::uint8_t { whole, zeroed, garbage };
  std::size_t changes = 0;  ///< So many of the changes, from the first on, have reached it.
  Kind kind = Kind::whole;  ///< What was touched of it.
};

Fate draw_fate(Random& random, std::size_t changes, DiskFaultCounts& counts) {
  switch (random.below(8)) {
    case 0:
    case 1:
      ++counts.dropped_sectors;
      return {.changes = 0};
    case 2:
      ++counts.zeroed_sectors;
      return {.changes = changes, .kind = Fate::Kind::zeroed};
    case 3:
      ++counts.garbage_sectors;
      return {.changes = changes, .kind = Fate::Kind::garbage};
    case 4: {
      const std::size_t reached = random.below(changes + 1);
      if (reached < changes) ++counts.dropped_sectors;
      return {.changes = reached};
    }
    default:
      return {.changes = changes};
  }
}

/// The part of `range` that `change` writes.
FileRange overlap(const FileChange& change, FileRange range) {
  const std::uint64_t begin = std::max(change.offset, range.offset);
  const std::uint64_t end = std::min(change.end(), range.offset + range.bytes);
  return {begin, end > begin ? end - begin : 0};
}

void fill_with_garbage(Random& random, Bytes& content, FileRange range) {
  for (std::uint64_t at = range.offset; at < range.offset + range.bytes; ++at) {
    content[at] = static_cast<char>(random.next() & 0xFFU);
  }
}

/// The file's length after the first `reached` changes, and in the middle of the one after; its content but for what
/// was written.
Bytes with_length_after(const Bytes& saved, const std::vector<FileChange>& changes, std::size_t reached,
                        Random& random) {
  Bytes content = saved;
  for (std::size_t index = 0; index < reached; ++index) {
    const FileChange& change = changes[index];
    if (change.is_resize || change.end() > content.size()) content.resize(change.end(), '\0');
  }
  if (reached == changes.size() || changes[reached].is_resize) return content;
  const std::uint64_t end = changes[reached].offset + random.below(changes[reached].bytes.size() + 1);
  if (end > content.size()) content.resize(end, '\0');
  return content;
}

/// In this sector of `content`, the first so many changes are made.
void make_changes(Bytes& content, FileRange sector, const std::vector<FileChange>& changes, std::size_t reached) {
  const std::uint64_t end = std::min<std::uint64_t>(sector.offset + sector.bytes, content.size());
  for (std::size_t index = 0; index < reached; ++index) {
    const FileChange& change = changes[index];
    if (change.is_resize) {
      const std::uint64_t cut = std::clamp(change.offset, sector.offset, end);
      std::fill(content.begin() + static_cast<std::ptrdiff_t>(cut), content.begin() + static_cast<std::ptrdiff_t>(end),
                '\0');
    } else {
      const FileRange part = overlap(change, {sector.offset, end - sector.offset});
      if (part.bytes == 0) continue;
      content.replace(part.offset, part.bytes, change.bytes, part.offset - change.offset, part.bytes);
    }
  }
}

}  // namespace

void FileChange::apply_to(Bytes& content) const {
  if (is_resize || end() > content.size()) content.resize(end(), '\0');
  content.replace(offset, bytes.size(), bytes);
}

void DiskFile::write(std::uint64_t offset, BytesView bytes) {
  if (bytes.empty()) return;
  unflushed_.push_back({.offset = offset, .bytes = Bytes(bytes)});
  unflushed_.back().apply_to(cached_);
}

void DiskFile::resize(std::uint64_t bytes) {
  unflushed_.push_back({.offset = bytes, .bytes = {}, .is_resize = true});
  unflushed_.back().apply_to(cached_);
}

void DiskFile::flush() {
  for (const FileChange& change : unflushed_) change.apply_to(saved_);
  unflushed_.clear();
  // What a failed flush has lost is a hole.
  saved_.resize(cached_.size(), '\0');
}

void DiskFile::fail_flush(Random& random, DiskFaultCounts& counts) {
  saved_ = torn(random, counts);
  unflushed_.clear();
}

void DiskFile::lose_power(Random& random, DiskFaultCounts& counts) {
  saved_ = torn(random, counts);
  cached_ = saved_;
  unflushed_.clear();
}

void DiskFile::drop_cache() {
  const std::size_t bytes = cached_.size();
  cached_ = saved_;
  for (const FileChange& change : unflushed_) change.apply_to(cached_);
  cached_.resize(bytes, '\0');
}

std::vector<FileRange> DiskFile::touched_sectors() const {
  std::vector<FileRange> sectors;
  for (const FileChange& change : unflushed_) {
    for (std::uint64_t at = change.offset / sector_bytes * sector_bytes; at < change.end(); at += sector_bytes) {
      if (!change.is_resize) sectors.push_back({at, sector_bytes});
    }
  }
  const auto offset = [](const FileRange& sector) { return sector.offset; };
  std::ranges::sort(sectors, {}, offset);
  const auto repeated = std::ranges::unique(sectors, {}, offset);
  sectors.erase(repeated.begin(), repeated.end());
  return sectors;
}

Bytes DiskFile::torn(Random& random, DiskFaultCounts& counts) const {
  if (unflushed_.empty()) return saved_;
  const std::size_t all = unflushed_.size();
  const std::vector<FileRange> sectors = touched_sectors();
  const std::uint64_t style = random.below(4);
  if (style == 0) {  // Nothing of it.
    counts.dropped_sectors += sectors.size();
    return saved_;
  }
  if (style == 1) {  // In order, as far as it got.
    const std::size_t reached = random.below(all);
    Bytes content = saved_;
    for (std::size_t index = 0; index < reached; ++index) unflushed_[index].apply_to(content);
    FileChange last = unflushed_[reached];
    if (last.is_resize) return content;
    std::uint64_t end = last.offset + random.below(last.bytes.size() + 1);
    // What is overwritten in place is so by whole sectors; what is appended may end anywhere.
    if (end < content.size()) end = std::max(last.offset, end / sector_bytes * sector_bytes);
    last.bytes.resize(end - last.offset);
    if (!last.bytes.empty()) last.apply_to(content);
    return content;
  }
  // Each sector for itself; and all of the length, or not.
  const std::size_t length_reached = style == 2 ? all : random.below(all + 1);
  Bytes content = with_length_after(saved_, unflushed_, length_reached, random);
  for (const FileRange& sector : sectors) {
    if (sector.offset >= content.size()) break;
    const Fate fate = draw_fate(random, all, counts);
    make_changes(content, sector, unflushed_, fate.changes);
    if (fate.kind == Fate::Kind::whole) continue;
    for (const FileChange& change : unflushed_) {
      FileRange part = overlap(change, {sector.offset, std::min(sector_bytes, content.size() - sector.offset)});
      if (part.bytes == 0) continue;
      if (fate.kind == Fate::Kind::zeroed) {
        content.replace(part.offset, part.bytes, part.bytes, '\0');
      } else {
        fill_with_garbage(random, content, part);
      }
    }
  }
  return content;
}

FileRange DiskFile::draw_unflushed(Random& random) const {
  const std::vector<FileRange> sectors = touched_sectors();
  if (sectors.empty()) return {};
  FileRange sector = sectors[random.below(sectors.size())];
  if (sector.offset >= cached_.size()) return {};  // It has been cut off since.
  sector.bytes = std::min<std::uint64_t>(sector.bytes, cached_.size() - sector.offset);
  return sector;
}

void DiskFile::damage(std::uint64_t offset, BytesView bytes, DiskDamage::Kind kind) {
  saved_.replace(offset, bytes.size(), bytes);
  damages_.push_back({.kind = kind, .file = {}, .offset = offset, .bytes = bytes.size()});
}

bool DiskFile::rot(Random& random) {
  const std::uint64_t sectors = (saved_.size() + sector_bytes - 1) / sector_bytes;
  if (sectors == 0) return false;
  const std::uint64_t offset = random.below(sectors) * sector_bytes;
  FileRange range{offset, std::min<std::uint64_t>(sector_bytes, saved_.size() - offset)};
  Bytes rotten = saved_.substr(range.offset, range.bytes);
  switch (random.below(3)) {
    case 0:
      range = {range.offset + random.below(range.bytes), 1};
      rotten = Bytes(1, static_cast<char>(saved_[range.offset] ^ (1 << random.below(8))));
      break;
    case 1:
      rotten.assign(rotten.size(), '\0');
      break;
    default:
      fill_with_garbage(random, rotten, {0, rotten.size()});
  }
  if (BytesView(saved_).substr(range.offset, range.bytes) == rotten) return false;
  damage(range.offset, rotten, DiskDamage::Kind::rot);
  return true;
}

void DiskFile::flip_bit(std::uint64_t offset, unsigned bit) {
  const auto flip = [&](Bytes& content) {
    if (offset < content.size()) content[offset] = static_cast<char>(content[offset] ^ (1 << bit));
  };
  flip(cached_);
  flip(saved_);
  for (FileChange& change : unflushed_) {
    if (offset >= change.offset && offset < change.end()) {
      char& byte = change.bytes[offset - change.offset];
      byte = static_cast<char>(byte ^ (1 << bit));
    }
  }
}

}  // namespace understudy::simulation
