// A storage, and a file, that pass everything on to another: for tests that look at, hold or count some of it.
#pragma once

#include "understudy/journal/storage.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy {

class WrappedFile : public StorageFile {
 public:
  explicit WrappedFile(std::unique_ptr<StorageFile> file) : file_(std::move(file)) {}
  Result<void> append(BytesView bytes) override { return file_->append(bytes); }
  Result<void> write_at(std::uint64_t offset, BytesView bytes) override { return file_->write_at(offset, bytes); }
  Result<void> allocate(std::uint64_t offset, std::uint64_t bytes) override { return file_->allocate(offset, bytes); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
    return file_->read_at(offset, into);
  }
  Result<std::uint64_t> size() override { return file_->size(); }
  Result<void> truncate(std::uint64_t bytes) override { return file_->truncate(bytes); }
  Result<void> flush() override { return file_->flush(); }
  Result<void> forget_cache() override { return file_->forget_cache(); }
  const std::string& name() const noexcept override { return file_->name(); }

 private:
  std::unique_ptr<StorageFile> file_;
};

class WrappedStorage : public Storage {
 public:
  explicit WrappedStorage(std::shared_ptr<Storage> storage) : storage_(std::move(storage)) {}
  Result<std::unique_ptr<DirectoryLock>> lock() override { return storage_->lock(); }
  Result<std::optional<LockHolder>> lock_holder() override { return storage_->lock_holder(); }
  Result<std::vector<std::string>> list() override { return storage_->list(); }
  Result<std::unique_ptr<StorageFile>> create(std::string_view name) override {
    return wrapped(storage_->create(name));
  }
  Result<std::unique_ptr<StorageFile>> open(std::string_view name) override { return wrapped(storage_->open(name)); }
  Result<void> remove(std::string_view name) override { return storage_->remove(name); }
  Result<void> rename(std::string_view from, std::string_view to) override { return storage_->rename(from, to); }
  const std::string& describe() const noexcept override { return storage_->describe(); }

 private:
  /// What stands before each file.
  virtual std::unique_ptr<StorageFile> wrap(std::unique_ptr<StorageFile> file) = 0;
  Result<std::unique_ptr<StorageFile>> wrapped(Result<std::unique_ptr<StorageFile>> opened) {
    if (!opened) return opened;
    return wrap(std::move(*opened));
  }

  std::shared_ptr<Storage> storage_;
};

}  // namespace understudy
