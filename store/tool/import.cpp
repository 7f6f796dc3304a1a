#include "tool/import.hpp"

#include "tool/entry_format.hpp"
#include "tool/fail.hpp"
#include "tool/new_directory.hpp"
#include "tool/offline_store.hpp"
#include "tool/progress_line.hpp"
#include "tool/text_file.hpp"
#include "understudy/journal/record.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

using store::DataEntry;

constexpr std::size_t batch_entries = 1000;
constexpr std::size_t batch_bytes = std::size_t{1} << 20U;

/// Whether the store can hold it.
Result<void> check(const DataEntry& entry) {
  constexpr std::size_t overhead = 64;
  if (entry.key.size() + entry.value.size() + overhead > payload_bytes_max) {
    return failure(ErrorCode::invalid_argument, fmt::format("a value of {} bytes is too long", entry.value.size()));
  }
  return {};
}

/// Reads all of a file, and gives its entries to `take`.
Result<void> read_all(InputFile& file, EntryFormat format, const std::string& what, store::TakeEntry take) {
  ProgressLine line(what);
  std::uint64_t records = 0;
  const std::unique_ptr<store::EntryReader> reader =
      make_reader(format, [&records, take = std::move(take)](DataEntry entry) -> Result<void> {
        if (const Result<void> fits = check(entry); !fits) return fits;
        ++records;
        return take(std::move(entry));
      });
  std::uint64_t bytes = 0;
  while (true) {
    const Result<BytesView> piece = file.next();
    if (!piece) return std::unexpected(piece.error());
    const Result<void> read = piece->empty() ? reader->finish() : reader->feed(*piece);
    if (!read) {
      return failure(read.error().code(), fmt::format("{}: {}", file.name(), read.error().message()));
    }
    if (piece->empty()) return {};
    bytes += piece->size();
    line.note({.bytes = bytes, .bytes_total = file.size().value_or(0), .records = records});
  }
}

/// Puts entries into a store, some hundred at a time.
class Importer {
 public:
  explicit Importer(OfflineStore& store) noexcept : store_(store) {}

  /// Keys in the store now.
  Result<std::uint64_t> count_keys() {
    const auto keys = std::make_shared<std::uint64_t>(0);
    const Result<void> counted = store_.operate([keys](store::Transaction& map) { *keys = map.size(); });
    if (!counted) return std::unexpected(counted.error());
    return *keys;
  }
  Result<void> add(DataEntry entry) {
    bytes_ += entry.key.size() + entry.value.size();
    batch_.push_back(std::move(entry));
    return batch_.size() < batch_entries && bytes_ < batch_bytes ? Result<void>{} : flush();
  }
  Result<void> flush() {
    const std::size_t count = batch_.size();
    if (count == 0) return {};
    struct Counts {
      std::uint64_t replaced = 0;
      std::uint64_t dead = 0;
    };
    const auto counts = std::make_shared<Counts>();
    auto put = [batch = std::exchange(batch_, {}), counts](store::Transaction& map) mutable {
      for (auto& [key, value, expires_at] : batch) {
        const bool is_dead = expires_at && *expires_at <= map.now();
        counts->dead += is_dead ? 1 : 0;
        if (is_dead ? map.erase(key) : map.get(key).has_value()) ++counts->replaced;
        if (!is_dead) map.set(key, std::move(value), expires_at);
      }
    };
    bytes_ = 0;
    if (const Result<void> done = store_.operate(std::move(put)); !done) return done;
    imported_ += count;
    replaced_ += counts->replaced;
    dead_ += counts->dead;
    return {};
  }
  /// Entries that are in the store, and safe.
  [[nodiscard]] std::uint64_t imported() const noexcept { return imported_; }
  /// Of these: keys that were there before, in the store or further up in the file; and those that had died already,
  /// and so are not there.
  [[nodiscard]] std::uint64_t replaced() const noexcept { return replaced_; }
  [[nodiscard]] std::uint64_t dead() const noexcept { return dead_; }

 private:
  OfflineStore& store_;
  std::vector<DataEntry> batch_;
  std::size_t bytes_ = 0;
  std::uint64_t imported_ = 0;
  std::uint64_t replaced_ = 0;
  std::uint64_t dead_ = 0;
};

struct Imported {
  std::uint64_t keys = 0;
  std::uint64_t replaced = 0;
  std::uint64_t dead = 0;
  std::uint64_t keys_now = 0;
};

/// `all_or_nothing`: what has been imported when it fails does not count. The errors' messages say what does.
Result<Imported> import_into(const std::string& directory, InputFile& file, EntryFormat format, bool overwrite,
                             bool all_or_nothing) {
  const Result<std::unique_ptr<OfflineStore>> store = OfflineStore::open(directory);
  if (!store) return std::unexpected(store.error());
  Importer importer(**store);
  const Result<std::uint64_t> before = importer.count_keys();
  if (!before) return std::unexpected(before.error());
  if (*before > 0 && !overwrite) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the store in {} holds {} keys; nothing was imported. --overwrite adds to them, and "
                               "replaces those of the same name",
                               directory, *before));
  }
  Result<void> done =
      read_all(file, format, "import", [&importer](DataEntry entry) { return importer.add(std::move(entry)); });
  if (done) done = importer.flush();
  const Result<std::uint64_t> after = done ? importer.count_keys() : std::unexpected(done.error());
  if (after) {
    return Imported{.keys = importer.imported() - importer.dead(),
                    .replaced = importer.replaced(),
                    .dead = importer.dead(),
                    .keys_now = *after};
  }
  const std::string effect = all_or_nothing || importer.imported() == 0
                                 ? "nothing was imported"
                                 : fmt::format("the first {} entries are in the store", importer.imported());
  return failure(after.error().code(), fmt::format("{}; {}", after.error().message(), effect));
}

/// Into a directory that gets its name when all is in it.
Result<Imported> import_anew(InputFile& file, EntryFormat format, const ImportOptions& options) {
  const Result<std::unique_ptr<NewDirectory>> directory = NewDirectory::begin(options.directory);
  if (!directory) return std::unexpected(directory.error());
  (*directory)->unlock();
  Result<Imported> imported = import_into((*directory)->path(), file, format, options.overwrite, true);
  if (!imported) return imported;
  if (const Result<void> published = (*directory)->publish(); !published) return std::unexpected(published.error());
  return imported;
}

/// Into one that is there. What can be read twice is checked first.
Result<Imported> import_more(InputFile& file, EntryFormat format, const ImportOptions& options) {
  if (file.size()) {
    Result<void> good = read_all(file, format, "check", [](const DataEntry&) { return Result<void>{}; });
    if (!good) return failure(good.error().code(), fmt::format("{}; nothing was imported", good.error().message()));
    if (good = file.rewind(); !good) return std::unexpected(good.error());
  }
  return import_into(options.directory, file, format, options.overwrite, false);
}

}  // namespace

int import_data(const ImportOptions& options) {
  const Result<EntryFormat> format = format_of(options.format, options.file);
  if (!format) return fail(format.error());
  const Result<std::unique_ptr<InputFile>> file = InputFile::open(options.file);
  if (!file) return fail(file.error());
  const Result<Imported> imported =
      is_free(options.directory) ? import_anew(**file, *format, options) : import_more(**file, *format, options);
  if (!imported) return fail(imported.error());
  fmt::print("imported {} keys into {} ({} of them replaced; {} keys now)\n", imported->keys, options.directory,
             imported->replaced, imported->keys_now);
  if (imported->dead > 0) {
    fmt::print("{} keys had died by the time in the file, and are not there\n", imported->dead);
  }
  return 0;
}

}  // namespace understudy::tool
