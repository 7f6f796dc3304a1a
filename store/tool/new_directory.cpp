#include "tool/new_directory.hpp"

#include "tool/system_call.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

/// Without slashes at its end, so that something can be added to its name.
std::string plain(const std::string& path) {
  std::string name = std::filesystem::absolute(path).lexically_normal().string();
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  return name;
}

}  // namespace

bool is_free(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return true;
  const std::filesystem::directory_iterator files(path, error);
  return !error && files == std::filesystem::directory_iterator();
}

Result<void> rename_directory(const std::string& from, const std::string& to) {
  const std::string source = plain(from);
  const std::string target = plain(to);
  // Never over anything but an empty directory: the system sees to that.
  if (::rename(source.c_str(), target.c_str()) != 0) {
    return system_failure(fmt::format("rename {} to", source), target);
  }
  return flush_directory(std::filesystem::path(target).parent_path().string());
}

Result<std::unique_ptr<NewDirectory>> NewDirectory::begin(const std::string& name) {
  const std::string final_name = plain(name);
  std::unique_ptr<NewDirectory> directory(new NewDirectory(final_name, final_name + ".unfinished"));
  Result<std::shared_ptr<Storage>> storage = open_file_storage(directory->path_);
  if (!storage) return std::unexpected(storage.error());
  directory->storage_ = std::move(*storage);
  Result<std::unique_ptr<DirectoryLock>> lock = directory->storage_->lock();
  if (!lock) return std::unexpected(lock.error());
  directory->lock_ = std::move(*lock);
  directory->ours_ = true;
  const Result<std::vector<std::string>> left = directory->storage_->list();
  if (!left) return std::unexpected(left.error());
  for (const std::string& file : *left) {
    if (const Result<void> removed = directory->storage_->remove(file); !removed) {
      return std::unexpected(removed.error());
    }
  }
  return directory;
}

NewDirectory::~NewDirectory() {
  std::error_code ignored;
  if (ours_) std::filesystem::remove_all(path_, ignored);
}

Result<void> NewDirectory::publish() {
  if (const Result<void> flushed = flush_directory(path_); !flushed) return flushed;
  if (const Result<void> renamed = rename_directory(path_, name_); !renamed) return renamed;
  ours_ = false;
  lock_.reset();
  return {};
}

}  // namespace understudy::tool
