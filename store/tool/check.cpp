#include "tool/check.hpp"

#include "tool/fail.hpp"
#include "understudy/journal/scan.hpp"
#include "understudy/journal/storage.hpp"
#include "understudy/store/records.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

class Printer final : public JournalScan {
 public:
  Result<void> on_record(const ScannedFile& file, std::uint64_t offset, const Record& record) override {
    const Result<void> known = store::check_record(record);
    if (!known) on_damage({file.name, offset, 0, std::string(known.error().message())});
    return {};
  }
  void on_damage(const ScannedDamage& damage) override {
    ++damages_;
    const std::string extent = damage.bytes == 0 ? "" : fmt::format(", {} bytes", damage.bytes);
    fmt::print("{}: offset {}{}: {}\n", damage.file, damage.offset, extent, damage.what);
  }
  void on_file(const ScannedFile& file) override {
    ++files_;
    bytes_ += file.bytes;
    if (file.is_snapshot) {
      fmt::print("{}: {} bytes, {} keys, covers LSN {}\n", file.name, file.bytes, file.records, file.first_lsn);
    } else {
      fmt::print("{}: {} bytes, {} records, LSN {} to {}\n", file.name, file.bytes, file.records, file.first_lsn,
                 file.last_lsn);
    }
  }

  [[nodiscard]] std::uint64_t damages() const noexcept { return damages_; }
  [[nodiscard]] std::uint64_t files() const noexcept { return files_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  std::uint64_t damages_ = 0;
  std::uint64_t files_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

int check_data(const std::string& directory) {
  const Result<std::shared_ptr<Storage>> storage = open_file_storage_to_read(directory);
  if (!storage) return fail(storage.error());
  const Result<std::unique_ptr<DirectoryLock>> lock = (*storage)->lock();
  if (!lock) return fail(lock.error());
  Printer printer;
  if (const Result<void> read = scan_journal(**storage, printer); !read) return fail(read.error());
  if (printer.files() == 0) {
    fmt::print("there is no journal in {}: a start would begin an empty store\n", (*storage)->describe());
    return 0;
  }
  std::unordered_set<std::string> keys;
  const Result<RecoveryReport> start = examine_journal(**storage, [&keys](const Record& record) -> Result<void> {
    const Result<store::Change> change = store::decode_record(record);
    if (!change) return std::unexpected(change.error());
    if (change->value) {
      keys.emplace(*change->key);
    } else if (record.kind == store::erase_record) {
      keys.erase(std::string(*change->key));
    } else if (record.kind == store::clear_record) {
      keys.clear();
    }
    return {};
  });
  if (!start) {
    fmt::print("damaged: a start would refuse it: {}\nWhat is whole can be had: understudy salvage {} --to NEW\n",
               start.error().message(), directory);
    return 1;
  }
  if (start->torn_tail) {
    fmt::print("a start would cut {} bytes of an unfinished write off {}, which nobody was told of: {}\n",
               start->torn_tail->bytes_cut, start->torn_tail->file, start->torn_tail->reason);
  } else if (printer.damages() != 0) {
    // In what a start does not read: an older snapshot, or a segment before it.
    fmt::print("damaged, though a start needs none of it\n");
    return 1;
  }
  fmt::print("ok: {} keys, last LSN {}, {} bytes in {} files\n", keys.size(), start->last_lsn, printer.bytes(),
             printer.files());
  return 0;
}

}  // namespace understudy::tool
