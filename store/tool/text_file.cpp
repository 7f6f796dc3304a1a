#include "tool/text_file.hpp"

#include "tool/system_call.hpp"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20U;

Result<void> flush_folder_of(const std::string& path) {
  return flush_directory(std::filesystem::absolute(path).parent_path().string());
}

}  // namespace

Result<std::unique_ptr<InputFile>> InputFile::open(const std::string& path) {
  const bool is_input = path == "-";
  const std::string name = is_input ? "standard input" : path;
  const int handle = is_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) return system_failure("open", name);
  std::unique_ptr<InputFile> file(new InputFile(handle, name));
  struct stat status{};
  if (!is_input && ::fstat(handle, &status) == 0 && S_ISREG(status.st_mode)) {
    file->size_ = static_cast<std::uint64_t>(status.st_size);
  }
  return file;
}

InputFile::~InputFile() {
  if (handle_ > STDERR_FILENO) ::close(handle_);
}

Result<BytesView> InputFile::next() {
  piece_.resize(piece_bytes);
  while (true) {
    const ssize_t count = ::read(handle_, piece_.data(), piece_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure("read", name_);
    return BytesView(piece_.data(), static_cast<std::size_t>(count));
  }
}

Result<void> InputFile::rewind() {
  if (::lseek(handle_, 0, SEEK_SET) != 0) return system_failure("read again", name_);
  return {};
}

Result<std::unique_ptr<OutputFile>> OutputFile::create(const std::string& path, Readers readers) {
  if (path == "-") return std::unique_ptr<OutputFile>(new OutputFile(STDOUT_FILENO, "standard output", ""));
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  const mode_t mode = readers == Readers::all ? 0666 : 0600;
  const int handle = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (handle < 0) return system_failure("create", temporary);
  return std::unique_ptr<OutputFile>(new OutputFile(handle, path, temporary));
}

OutputFile::~OutputFile() {
  if (temporary_.empty()) return;
  ::close(handle_);
  ::unlink(temporary_.c_str());
}

Result<void> OutputFile::append(BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(handle_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure("write", temporary_.empty() ? path_ : temporary_);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> OutputFile::finish(bool replace) {
  if (temporary_.empty()) return {};
  if (::fsync(handle_) != 0) return system_failure("flush", temporary_);
  // A link is made only where there is nothing yet, whoever else is at work.
  const int named = replace ? ::rename(temporary_.c_str(), path_.c_str()) : ::link(temporary_.c_str(), path_.c_str());
  if (named != 0) return system_failure("create", path_);
  return flush_folder_of(path_);
}

}  // namespace understudy::tool
