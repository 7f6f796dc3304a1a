#include "tool/salvage.hpp"

#include "tool/fail.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/journal/scan.hpp"
#include "understudy/journal/storage.hpp"
#include "understudy/store/records.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

constexpr std::size_t batch_bytes = std::size_t{8} << 20U;
constexpr int something_was_lost = 3;

/// The newest snapshot's LSN. Where there are several, the others were to be removed.
class FindSnapshot final : public JournalScan {
 public:
  Result<void> on_record(const ScannedFile& /*file*/, std::uint64_t /*offset*/, const Record& /*record*/) override {
    return {};
  }
  void on_damage(const ScannedDamage& /*damage*/) override {}
  void on_file(const ScannedFile& file) override {
    if (file.is_snapshot) covers_ = std::max(covers_.value_or(0), file.first_lsn);
  }
  [[nodiscard]] std::optional<Lsn> covers() const noexcept { return covers_; }

 private:
  std::optional<Lsn> covers_;
};

class Copy final : public JournalScan {
 public:
  Copy(Journal& into, std::optional<Lsn> snapshot) noexcept : into_(into), snapshot_(snapshot) {}

  Result<void> on_record(const ScannedFile& file, std::uint64_t offset, const Record& record) override {
    const bool wanted = file.is_snapshot ? record.lsn == snapshot_ : record.lsn > snapshot_.value_or(0);
    if (!wanted) return {};
    if (const Result<void> known = store::check_record(record); !known) {
      on_damage({file.name, offset, 0, std::string(known.error().message())});
      return {};
    }
    if (auto added = into_.add(record.kind, record.payload); !added) return std::unexpected(added.error());
    ++records_;
    return into_.open_batch_bytes() < batch_bytes ? Result<void>{} : into_.commit();
  }
  void on_damage(const ScannedDamage& damage) override {
    ++gaps_;
    bytes_lost_ += damage.bytes;
    fmt::print("lost: {}: offset {}, {} bytes: {}\n", damage.file, damage.offset, damage.bytes, damage.what);
  }
  void on_file(const ScannedFile& /*file*/) override {}

  [[nodiscard]] std::uint64_t records() const noexcept { return records_; }
  [[nodiscard]] std::uint64_t gaps() const noexcept { return gaps_; }
  [[nodiscard]] std::uint64_t bytes_lost() const noexcept { return bytes_lost_; }

 private:
  Journal& into_;
  const std::optional<Lsn> snapshot_;
  std::uint64_t records_ = 0;
  std::uint64_t gaps_ = 0;
  std::uint64_t bytes_lost_ = 0;
};

Result<std::unique_ptr<Journal>> open_new(const std::string& directory) {
  Result<std::shared_ptr<Storage>> storage = open_file_storage(directory);
  if (!storage) return std::unexpected(storage.error());
  const Result<std::vector<std::string>> names = (*storage)->list();
  if (!names) return std::unexpected(names.error());
  if (!names->empty()) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{} is not empty: it has {}; give a directory that is not there yet",
                               (*storage)->describe(), names->front()));
  }
  return Journal::open(std::move(*storage), {}, [](const Record& /*record*/) { return Result<void>{}; });
}

}  // namespace

int salvage_data(const std::string& from, const std::string& to) {
  const Result<std::shared_ptr<Storage>> source = open_file_storage_to_read(from);
  if (!source) return fail(source.error());
  const Result<std::unique_ptr<DirectoryLock>> lock = (*source)->lock();
  if (!lock) return fail(lock.error());
  FindSnapshot snapshot;
  if (const Result<void> read = scan_journal(**source, snapshot); !read) return fail(read.error());
  const Result<std::unique_ptr<Journal>> into = open_new(to);
  if (!into) return fail(into.error());
  Copy copy(**into, snapshot.covers());
  if (const Result<void> read = scan_journal(**source, copy); !read) return fail(read.error());
  if (const Result<void> closed = (*into)->close(); !closed) return fail(closed.error());
  fmt::print("{} records were whole, and are in {}\n", copy.records(), to);
  if (copy.gaps() == 0) return 0;
  fmt::print("{} {}, {} bytes: what stood there is lost. {} is as it was\n", copy.gaps(),
             copy.gaps() == 1 ? "gap" : "gaps", copy.bytes_lost(), from);
  return something_was_lost;
}

}  // namespace understudy::tool
