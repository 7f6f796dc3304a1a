// A directory of a journal as it was at one moment, for reading only; what is read is written to another one at the
// same time. So a start-up that only looks makes a copy of just those bytes that it has checked.
//
// All files are opened at the beginning: one that is removed later can be read to its end. A file's length is that of
// the moment when it was opened. Of the last segment, which others may be writing, everything behind its last byte that
// is not zero at that moment is read as zeros: room that was reserved ahead may fill up while it is read, and then a
// reader would see later batches without the earlier ones, as after damage.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace understudy::journal {

class CopyingStorage final : public Storage {
 public:
  /// Lists `source` and opens what start-up reads. Empty: a file that was listed is there no more. Errors: those of
  /// `source`.
  [[nodiscard]] static Result<std::unique_ptr<CopyingStorage>> open(Storage& source, Storage& target);

  /// Whether there is any segment or snapshot.
  [[nodiscard]] bool has_journal() const noexcept { return !files_.empty(); }
  /// Whether another snapshot counts in `source` now, or segments are gone.
  [[nodiscard]] Result<bool> source_has_changed();

  // What start-up uses. `open` makes the file in the target, once.
  Result<std::vector<std::string>> list() override;
  Result<std::unique_ptr<StorageFile>> open(std::string_view name) override;
  const std::string& describe() const noexcept override { return source_.describe(); }
  // The rest gives storage_failed.
  Result<std::unique_ptr<DirectoryLock>> lock() override;
  Result<std::optional<LockHolder>> lock_holder() override;
  Result<std::unique_ptr<StorageFile>> create(std::string_view name) override;
  Result<void> remove(std::string_view name) override;
  Result<void> rename(std::string_view from, std::string_view to) override;

 private:
  struct Opened {
    std::shared_ptr<StorageFile> file;
    std::uint64_t bytes = 0;
    std::uint64_t zero_from = 0;
    std::shared_ptr<StorageFile> copy;  // Once it has been asked for.
  };

  CopyingStorage(Storage& source, Storage& target) noexcept : source_(source), target_(target) {}
  /// False: it is gone.
  [[nodiscard]] Result<bool> keep_open(const std::string& name, bool last);

  Storage& source_;
  Storage& target_;
  std::map<std::string, Opened, std::less<>> files_;
};

}  // namespace understudy::journal
