// A data directory that gets its name when it is complete and on the disk: until then it is called NAME.unfinished.
// What an interrupted run has left there is removed by the next one.
//
// Threads: one uses it.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/journal/storage.hpp"

#include <memory>
#include <string>

namespace understudy::tool {

class NewDirectory {
 public:
  /// Makes NAME.unfinished, empty, and locks it. Fails with directory_locked when another run is at it.
  static Result<std::unique_ptr<NewDirectory>> begin(const std::string& name);
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;
  /// Removes it, unless it has got its name.
  ~NewDirectory();

  [[nodiscard]] Storage& storage() noexcept { return *storage_; }
  /// Where it is for the time being.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Lets go of the lock: for one that takes it itself.
  void unlock() noexcept { lock_.reset(); }
  /// Gives it its name. What is in it must have been flushed. Fails when there is something of that name, other than
  /// an empty directory.
  Result<void> publish();

 private:
  NewDirectory(std::string name, std::string path) : name_(std::move(name)), path_(std::move(path)) {}

  const std::string name_;
  const std::string path_;
  std::shared_ptr<Storage> storage_;
  std::unique_ptr<DirectoryLock> lock_;
  bool ours_ = false;
};

/// Whether there is nothing, or a directory without any file.
[[nodiscard]] bool is_free(const std::string& path);
/// Renames a directory, with the one that it is in flushed.
Result<void> rename_directory(const std::string& from, const std::string& to);

}  // namespace understudy::tool
