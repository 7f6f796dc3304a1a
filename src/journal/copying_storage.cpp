#include "journal/copying_storage.hpp"

#include "journal/journal_files.hpp"
#include "journal/segment_name.hpp"
#include "journal/snapshot_name.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace understudy::journal {

namespace {

std::unexpected<Error> only_read(std::string_view name) {
  return failure(ErrorCode::storage_failed, "a journal that is copied is only read: " + std::string(name));
}

/// Reads from one file; what has not been read before goes to the end of another.
class CopyingFile final : public StorageFile {
 public:
  CopyingFile(std::shared_ptr<StorageFile> from, std::shared_ptr<StorageFile> to, std::uint64_t bytes,
              std::uint64_t zero_from) noexcept
      : from_(std::move(from)), to_(std::move(to)), bytes_(bytes), zero_from_(zero_from) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
    if (offset >= bytes_) return 0;
    const std::span<char> wanted = into.first(std::min<std::uint64_t>(into.size(), bytes_ - offset));
    const std::uint64_t content = zero_from_ > offset ? zero_from_ - offset : 0;
    const std::span<char> stored = wanted.first(std::min<std::uint64_t>(wanted.size(), content));
    std::size_t got = stored.size();
    if (!stored.empty()) {
      auto read = from_->read_at(offset, stored);
      if (!read) return read;
      got = *read;
    }
    if (got == stored.size()) {
      std::memset(wanted.data() + got, 0, wanted.size() - got);
      got = wanted.size();
    }
    if (auto copied = copy(offset, BytesView(wanted.data(), got)); !copied) return std::unexpected(copied.error());
    return got;
  }
  Result<std::uint64_t> size() override { return bytes_; }
  // The source is another's: it is neither flushed for our sake nor dropped from the cache.
  Result<void> flush() override { return {}; }
  Result<void> forget_cache() override { return {}; }
  Result<void> append(BytesView /*bytes*/) override { return only_read(name()); }
  Result<void> write_at(std::uint64_t /*offset*/, BytesView /*bytes*/) override { return only_read(name()); }
  Result<void> truncate(std::uint64_t /*size_bytes*/) override { return only_read(name()); }
  const std::string& name() const noexcept override { return from_->name(); }

 private:
  Result<void> copy(std::uint64_t offset, BytesView read) {
    // A reader goes from the start to the end; where it would leave a gap, the copy ends, and is found too short.
    if (offset > copied_ || offset + read.size() <= copied_) return {};
    const BytesView fresh = read.substr(static_cast<std::size_t>(copied_ - offset));
    copied_ += fresh.size();
    return to_->append(fresh);
  }

  std::shared_ptr<StorageFile> from_;
  std::shared_ptr<StorageFile> to_;
  const std::uint64_t bytes_;
  const std::uint64_t zero_from_;
  std::uint64_t copied_ = 0;
};

/// Behind the last byte that is not zero. Its writer may be cutting room off meanwhile: that less is read is no error
/// here, though it is for FileWindow, whose file nobody else changes.
Result<std::uint64_t> end_of_content(StorageFile& file, std::uint64_t bytes) {
  constexpr std::uint64_t step = std::uint64_t{64} << 10U;
  Bytes buffer;
  for (std::uint64_t end = bytes; end > 0;) {
    const std::uint64_t begin = end > step ? end - step : 0;
    buffer.resize(static_cast<std::size_t>(end - begin));
    auto got = file.read_at(begin, std::span<char>(buffer.data(), buffer.size()));
    if (!got) return got;
    const std::size_t last = BytesView(buffer).substr(0, *got).find_last_not_of('\0');
    if (last != BytesView::npos) return begin + last + 1;
    end = begin;
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<CopyingStorage>> CopyingStorage::open(Storage& source, Storage& target) {
  const auto listed = list_journal_files(source);
  if (!listed) return std::unexpected(listed.error());
  std::unique_ptr<CopyingStorage> storage(new CopyingStorage(source, target));
  if (const auto newest = listed->newest_snapshot()) {
    auto kept = storage->keep_open(snapshot_name(*newest), false);
    if (!kept) return std::unexpected(kept.error());
    if (!*kept) return nullptr;
  }
  bool any = false;
  for (const std::uint64_t number : listed->segments) {
    auto kept = storage->keep_open(segment_name(number), number == listed->segments.back());
    if (!kept) return std::unexpected(kept.error());
    // The first ones are being removed, perhaps: whether the snapshot makes up for them is for start-up to say.
    if (!*kept && any) return nullptr;
    any = any || *kept;
  }
  return storage;
}

Result<bool> CopyingStorage::keep_open(const std::string& name, bool last) {
  auto file = source_.open(name);
  if (!file) {
    auto listed = source_.list();
    if (listed && !std::ranges::binary_search(*listed, name)) return false;
    return std::unexpected(file.error());
  }
  auto bytes = (*file)->size();
  if (!bytes) return std::unexpected(bytes.error());
  std::uint64_t zero_from = *bytes;
  if (last) {
    auto end = end_of_content(**file, *bytes);
    if (!end) return std::unexpected(end.error());
    zero_from = *end;
  }
  files_.emplace(name, Opened{.file = std::move(*file), .bytes = *bytes, .zero_from = zero_from, .copy = nullptr});
  return true;
}

Result<bool> CopyingStorage::source_has_changed() {
  const auto listed = list_journal_files(source_);
  if (!listed) return std::unexpected(listed.error());
  const std::vector<std::string> now = listed->names_to_read();
  // New segments at the end are no change of what was there.
  return std::ranges::any_of(files_, [&](const auto& file) { return std::ranges::find(now, file.first) == now.end(); });
}

Result<std::vector<std::string>> CopyingStorage::list() {
  std::vector<std::string> names;
  names.reserve(files_.size());
  for (const auto& [name, file] : files_) names.push_back(name);
  return names;
}

Result<std::unique_ptr<StorageFile>> CopyingStorage::open(std::string_view name) {
  const auto found = files_.find(name);
  if (found == files_.end()) {
    return failure(ErrorCode::storage_failed, "cannot open " + describe() + "/" + std::string(name) + ": it is gone");
  }
  Opened& opened = found->second;
  if (!opened.copy) {
    auto made = target_.create(name);
    if (!made) return std::unexpected(made.error());
    opened.copy = std::move(*made);
  }
  return std::make_unique<CopyingFile>(opened.file, opened.copy, opened.bytes, opened.zero_from);
}

Result<std::unique_ptr<DirectoryLock>> CopyingStorage::lock() { return only_read("LOCK"); }
Result<std::optional<LockHolder>> CopyingStorage::lock_holder() { return only_read("LOCK"); }
Result<std::unique_ptr<StorageFile>> CopyingStorage::create(std::string_view name) { return only_read(name); }
Result<void> CopyingStorage::remove(std::string_view name) { return only_read(name); }
Result<void> CopyingStorage::rename(std::string_view from, std::string_view /*to*/) { return only_read(from); }

}  // namespace understudy::journal
