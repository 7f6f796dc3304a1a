#include "journal/file_storage.hpp"

#include "journal/directory_lock.hpp"
#include "understudy/journal/storage.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace understudy {
namespace journal {

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

Error system_failure(std::string_view operation, std::string_view path, int error_number) {
  std::string message = "cannot ";
  message.append(operation).append(" ").append(path).append(": ");
  message.append(std::generic_category().message(error_number));
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
  return Error(full ? ErrorCode::storage_full : ErrorCode::storage_failed, message);
}

std::expected<std::size_t, int> read_at(const FileDescriptor& file, std::uint64_t offset,
                                        std::span<char> into) noexcept {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got =
        ::pread(file.number(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::expected<void, int> replace_content(const FileDescriptor& file, BytesView content) noexcept {
  while (true) {
    const ssize_t written = ::pwrite(file.number(), content.data(), content.size(), 0);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected(errno);
    break;  // a few bytes: written as a whole, or the disk is full
  }
  if (::ftruncate(file.number(), static_cast<off_t>(content.size())) != 0) return std::unexpected(errno);
  return {};
}

namespace {

constexpr mode_t file_mode = 0600;
constexpr mode_t directory_mode = 0700;

/// Repeats a call that a signal interrupted. For calls that may be repeated; a failed flush is not among them.
template <typename Call>
auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class FileStorageFile final : public StorageFile {
 public:
  FileStorageFile(FileDescriptor file, std::string name, std::string path) noexcept
      : file_(std::move(file)), name_(std::move(name)), path_(std::move(path)) {}

  Result<void> append(BytesView bytes) override {
    const auto end = size();
    if (!end) return std::unexpected(end.error());
    return write_at(*end, bytes);
  }

  Result<void> write_at(std::uint64_t offset, BytesView bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          retried([&] { return ::pwrite(file_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (written < 0) return failed("write to");
      bytes.remove_prefix(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return {};
  }

  Result<void> allocate(std::uint64_t offset, std::uint64_t bytes) override {
    const int allocated =
        retried([&] { return ::fallocate(file_.number(), 0, static_cast<off_t>(offset), static_cast<off_t>(bytes)); });
    if (allocated == 0) return {};
    if (errno == EOPNOTSUPP || errno == ENOSYS) return write_zeros(offset, bytes);
    return failed("find room for");
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
    const auto got = journal::read_at(file_, offset, into);
    if (!got) return std::unexpected(system_failure("read", path_, got.error()));
    return *got;
  }

  Result<std::uint64_t> size() override {
    struct stat status{};
    if (::fstat(file_.number(), &status) != 0) return failed("find the size of");
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> truncate(std::uint64_t size_bytes) override {
    const auto old_bytes = size();
    if (!old_bytes) return std::unexpected(old_bytes.error());
    if (size_bytes > *old_bytes) {
      return failure(ErrorCode::invalid_argument, path_ + " is shorter than what it should be cut to");
    }
    const int cut = retried([&] { return ::ftruncate(file_.number(), static_cast<off_t>(size_bytes)); });
    if (cut != 0) return failed("cut");
    return {};
  }

  Result<void> flush() override {
    if (::fdatasync(file_.number()) == 0) return {};
    // Never storage_full: room that is only found missing now has cost what was written.
    return failure(ErrorCode::storage_failed, system_failure("flush", path_, errno).message());
  }

  Result<void> forget_cache() override {
    const int error_number = ::posix_fadvise(file_.number(), 0, 0, POSIX_FADV_DONTNEED);
    // Some file systems have no such thing, and then nothing to forget either.
    if (error_number != 0 && error_number != EINVAL && error_number != ENOSYS && error_number != EOPNOTSUPP) {
      return std::unexpected(system_failure("drop the cache of", path_, error_number));
    }
    return {};
  }

  const std::string& name() const noexcept override { return name_; }

 private:
  [[nodiscard]] std::unexpected<Error> failed(std::string_view operation) const {
    return std::unexpected(system_failure(operation, path_, errno));
  }

  FileDescriptor file_;
  std::string name_;
  std::string path_;
};

enum class Access : std::uint8_t { change, read };

class FileStorage final : public Storage {
 public:
  FileStorage(FileDescriptor directory, std::string path, Access access) noexcept
      : directory_(std::move(directory)), path_(std::move(path)), access_(access) {}

  Result<std::unique_ptr<DirectoryLock>> lock() override {
    auto file = open_lock_file();
    if (!file) return std::unexpected(file.error());
    if (!*file) return std::make_unique<DirectoryLock>();
    return take_directory_lock(std::move(**file), path_);
  }

  Result<std::optional<LockHolder>> lock_holder() override {
    auto file = open_lock_file();
    if (!file) return std::unexpected(file.error());
    if (!*file) return std::nullopt;
    return find_lock_holder(**file, path_);
  }

  Result<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(path_, error);
    while (!error && entry != std::filesystem::directory_iterator()) {
      std::string name = entry->path().filename().string();
      const bool folder = entry->is_directory(error);
      if (error) break;
      if (!folder && name != lock_file_name) names.push_back(std::move(name));
      entry.increment(error);
    }
    if (error) return std::unexpected(system_failure("list", path_, error.value()));
    std::ranges::sort(names);
    return names;
  }

  Result<std::unique_ptr<StorageFile>> create(std::string_view name) override {
    if (auto checked = check_change("create", name); !checked) return std::unexpected(checked.error());
    auto file = open_file("create", name, O_CREAT | O_EXCL);
    if (!file) return file;
    if (auto flushed = flush_directory(); !flushed) return std::unexpected(flushed.error());
    return file;
  }

  Result<std::unique_ptr<StorageFile>> open(std::string_view name) override { return open_file("open", name, 0); }

  Result<void> remove(std::string_view name) override {
    if (auto checked = check_change("remove", name); !checked) return checked;
    if (::unlinkat(directory_.number(), std::string(name).c_str(), 0) != 0) {
      return std::unexpected(system_failure("remove", path_of(name), errno));
    }
    return flush_directory();
  }

  Result<std::unique_ptr<StorageFile>> remove_open(std::string_view name) override {
    Result<std::unique_ptr<StorageFile>> file = open_file("open", name, 0);
    if (auto removed = remove(name); !removed) return std::unexpected(removed.error());
    return file ? *std::move(file) : nullptr;
  }

  Result<void> rename(std::string_view from, std::string_view to) override {
    if (auto checked = check_change("rename", from); !checked) return checked;
    if (auto checked = check_name(to); !checked) return checked;
    const int at = directory_.number();
    if (::renameat(at, std::string(from).c_str(), at, std::string(to).c_str()) != 0) {
      return std::unexpected(system_failure("rename", path_of(from), errno));
    }
    return flush_directory();
  }

  std::uint64_t file_bytes_max() const noexcept override {
    struct rlimit limit{};
    const bool is_known = ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return is_known ? limit.rlim_cur : Storage::file_bytes_max();
  }

  const std::string& describe() const noexcept override { return path_; }

 private:
  [[nodiscard]] std::string path_of(std::string_view name) const { return path_ + "/" + std::string(name); }

  static Result<void> check_name(std::string_view name) {
    const bool plain = !name.empty() && name != "." && name != ".." && name != lock_file_name &&
                       name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
    if (!plain) return failure(ErrorCode::invalid_argument, "'" + std::string(name) + "' can't be a file's name here");
    return {};
  }

  [[nodiscard]] Result<void> check_change(std::string_view operation, std::string_view name) const {
    if (access_ == Access::change) return check_name(name);
    return std::unexpected(system_failure(operation, path_of(name), EROFS));
  }

  Result<std::unique_ptr<StorageFile>> open_file(std::string_view operation, std::string_view name, int flags) {
    if (auto checked = check_name(name); !checked) return std::unexpected(checked.error());
    const std::string owned(name);
    const int number = retried([&] {
      const int how = access_ == Access::change ? O_RDWR : O_RDONLY;
      return ::openat(directory_.number(), owned.c_str(), how | O_CLOEXEC | O_NOFOLLOW | flags, file_mode);
    });
    if (number < 0) return std::unexpected(system_failure(operation, path_of(name), errno));
    return std::make_unique<FileStorageFile>(FileDescriptor(number), owned, path_of(name));
  }

  /// Empty if there is none, and none may be made.
  Result<std::optional<FileDescriptor>> open_lock_file() {
    const std::string name(lock_file_name);
    const int number = retried([&] {
      const int how = access_ == Access::change ? O_RDWR | O_CREAT : O_RDONLY;
      return ::openat(directory_.number(), name.c_str(), how | O_CLOEXEC | O_NOFOLLOW, file_mode);
    });
    if (number < 0 && errno == ENOENT && access_ == Access::read) return std::nullopt;
    if (number < 0) {
      const Error reason = system_failure(access_ == Access::change ? "write in" : "read in", path_, errno);
      return failure(ErrorCode::storage_failed,
                     std::string(reason.message()) + " (its file " + name + " can't be opened)");
    }
    return FileDescriptor(number);
  }

  Result<void> flush_directory() {
    if (::fsync(directory_.number()) != 0) {
      return std::unexpected(system_failure("flush the directory", path_, errno));
    }
    return {};
  }

  FileDescriptor directory_;
  std::string path_;
  Access access_;
};

Result<FileDescriptor> open_directory(const std::string& path) {
  const int number = retried([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (number < 0) return std::unexpected(system_failure("open the directory", path, errno));
  return FileDescriptor(number);
}

/// Makes the directory and its parents where they are missing, each flushed into the one above it.
Result<void> make_directories(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  const std::filesystem::path parent = path.parent_path();
  if (!parent.empty() && parent != path) {
    if (auto made = make_directories(parent); !made) return made;
  }
  if (::mkdir(path.c_str(), directory_mode) != 0) {
    if (errno == EEXIST && std::filesystem::is_directory(path, error)) return {};  // somebody else was faster
    return std::unexpected(system_failure("make the directory", path.native(), errno));
  }
  auto above = open_directory(parent.native());
  if (!above) return std::unexpected(above.error());
  if (::fsync(above->number()) != 0) {
    return std::unexpected(system_failure("flush the directory", parent.native(), errno));
  }
  return {};
}

}  // namespace
}  // namespace journal

namespace {

Result<std::string> directory_path(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error || path.empty()) {
    return failure(ErrorCode::storage_failed, "'" + path.native() + "' can't be a directory's path");
  }
  const bool ends_in_slash = !absolute.has_filename() && absolute.has_relative_path();
  return (ends_in_slash ? absolute.parent_path() : absolute).native();
}

Result<std::shared_ptr<Storage>> open_there(std::string path, journal::Access access) {
  auto directory = journal::open_directory(path);
  if (!directory) return std::unexpected(directory.error());
  return std::make_shared<journal::FileStorage>(std::move(*directory), std::move(path), access);
}

}  // namespace

Result<std::shared_ptr<Storage>> open_file_storage(const std::filesystem::path& path) {
  auto absolute = directory_path(path);
  if (!absolute) return std::unexpected(absolute.error());
  if (auto made = journal::make_directories(*absolute); !made) return std::unexpected(made.error());
  return open_there(std::move(*absolute), journal::Access::change);
}

Result<std::shared_ptr<Storage>> open_file_storage_to_read(const std::filesystem::path& path) {
  auto absolute = directory_path(path);
  if (!absolute) return std::unexpected(absolute.error());
  return open_there(std::move(*absolute), journal::Access::read);
}

}  // namespace understudy
