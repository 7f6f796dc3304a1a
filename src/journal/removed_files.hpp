// RemovedFiles: removing files whose room somebody else gives back, at leisure: see Storage::remove_open.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/journal/storage.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::journal {

class RemovedFiles {
 public:
  explicit RemovedFiles(std::size_t open_max) noexcept : open_max_(open_max) {}

  /// Removes a file, and keeps it open, unless there are enough of these.
  Result<void> remove(Storage& storage, std::string_view name) {
    if (open_.size() >= open_max_) return storage.remove(name);
    Result<std::unique_ptr<StorageFile>> file = storage.remove_open(name);
    if (!file) return std::unexpected(file.error());
    if (*file != nullptr) open_.push_back(*std::move(file));
    return {};
  }
  /// Those that are open. Afterwards there are none.
  [[nodiscard]] std::vector<std::unique_ptr<StorageFile>> take() noexcept { return std::exchange(open_, {}); }

 private:
  std::size_t open_max_;
  std::vector<std::unique_ptr<StorageFile>> open_;
};

}  // namespace understudy::journal
