#include "journal/directory_lock.hpp"

#include "understudy/base/random.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <span>
#include <utility>

#include <sys/file.h>
#include <unistd.h>

namespace understudy::journal {

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

std::uint64_t process_token() {
  static const std::uint64_t token = make_system_random()->next();
  return token;
}

std::optional<std::uint64_t> take_number(std::string_view& text, int base) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

LockHolder read_holder(const FileDescriptor& file) {
  std::array<char, 512> bytes{};
  const auto read = read_at(file, 0, bytes);
  std::optional<LockText> text;
  if (read) text = decode_lock_text(std::string_view(bytes.data(), *read));
  if (!text) return LockHolder{0, "unknown", false};
  const LockText own = own_lock_text();
  return LockHolder{text->process, text->host, *text == own};
}

/// Whether the lock was free, and is now held through `file`.
Result<bool> try_lock(const FileDescriptor& file, const std::string& directory) {
  if (::flock(file.number(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return std::unexpected(system_failure("lock", directory + "/" + std::string(lock_file_name), errno));
}

class FileDirectoryLock final : public DirectoryLock {
 public:
  explicit FileDirectoryLock(FileDescriptor file) noexcept : file_(std::move(file)) {}
  FileDirectoryLock(const FileDirectoryLock&) = delete;
  FileDirectoryLock& operator=(const FileDirectoryLock&) = delete;
  ~FileDirectoryLock() override { ::flock(file_.number(), LOCK_UN); }

 private:
  FileDescriptor file_;
};

}  // namespace

LockText own_lock_text() { return {static_cast<std::uint64_t>(::getpid()), host_name(), process_token()}; }

std::string encode(const LockText& text) {
  std::array<char, 16> token{};
  const auto token_end = std::to_chars(token.data(), token.data() + token.size(), text.token, 16).ptr;
  return std::to_string(text.process) + " " + text.host + " " + std::string(token.data(), token_end) + "\n";
}

std::optional<LockText> decode_lock_text(std::string_view bytes) {
  LockText text;
  const auto process = take_number(bytes, 10);
  if (!process || !bytes.starts_with(' ')) return std::nullopt;
  text.process = *process;
  bytes.remove_prefix(1);
  const std::size_t space = bytes.find(' ');
  if (space == 0 || space == std::string_view::npos) return std::nullopt;
  text.host = bytes.substr(0, space);
  bytes.remove_prefix(space + 1);
  const auto token = take_number(bytes, 16);
  if (!token || bytes != "\n") return std::nullopt;
  text.token = *token;
  return text;
}

Result<std::unique_ptr<DirectoryLock>> take_directory_lock(FileDescriptor file, const std::string& directory) {
  auto locked = try_lock(file, directory);
  if (!locked) return std::unexpected(locked.error());
  if (!*locked) {
    const LockHolder holder = read_holder(file);
    std::string message = directory + " is in use by ";
    if (holder.held_by_this_process) {
      message += "this process, which has not let go of it yet";
    } else if (holder.process == 0) {
      message += "another process";
    } else {
      message += "process " + std::to_string(holder.process) + " on host " + holder.host;
    }
    return failure(ErrorCode::directory_locked, message);
  }
  // A full disk must not keep anybody out of their data: a text that can't be written only makes a message poorer.
  static_cast<void>(replace_content(file, encode(own_lock_text())));
  return std::make_unique<FileDirectoryLock>(std::move(file));
}

Result<std::optional<LockHolder>> find_lock_holder(const FileDescriptor& file, const std::string& directory) {
  auto locked = try_lock(file, directory);
  if (!locked) return std::unexpected(locked.error());
  if (*locked) {
    ::flock(file.number(), LOCK_UN);
    return std::nullopt;
  }
  return read_holder(file);
}

}  // namespace understudy::journal
