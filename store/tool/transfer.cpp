#include "tool/transfer.hpp"

#include "tool/data_json.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/store/store.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

using store::DataEntry;

int fail(std::string_view message) {
  fmt::print(stderr, "understudy: {}\n", message);
  return 1;
}

std::unexpected<Error> system_failure(std::string_view what, const std::string& file) {
  const std::string reason = std::generic_category().message(errno);
  return failure(ErrorCode::storage_failed, fmt::format("cannot {} {}: {}", what, file, reason));
}

class FileHandle {
 public:
  explicit FileHandle(int handle) noexcept : handle_(handle) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle() {
    if (handle_ > STDERR_FILENO) ::close(handle_);
  }
  [[nodiscard]] int get() const noexcept { return handle_; }

 private:
  int handle_;
};

Result<std::string> read_file(const std::string& path) {
  const bool is_input = path == "-";
  const std::string name = is_input ? "standard input" : path;
  const FileHandle file(is_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_failure("open", name);
  std::string text;
  std::vector<char> piece(std::size_t{1} << 20U);
  for (;;) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure("read", name);
    if (count == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

Result<void> write_all(int handle, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const ssize_t count = ::write(handle, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure("write", name);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

/// A file that gets its name when it is complete, and is removed if that never happens.
class NewFile {
 public:
  explicit NewFile(std::string path)
      : path_(std::move(path)), temporary_(fmt::format("{}.{}.tmp", path_, ::getpid())) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() { ::unlink(temporary_.c_str()); }

  /// `replace`: a file of that name goes. Otherwise it stays, and this fails.
  Result<void> write(std::string_view text, bool replace) {
    const FileHandle file(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.get() < 0) return system_failure("create", temporary_);
    if (Result<void> written = write_all(file.get(), text, temporary_); !written) return written;
    if (::fsync(file.get()) != 0) return system_failure("flush", temporary_);
    // A link is made only where there is nothing yet, whoever else is at work.
    const int named = replace ? ::rename(temporary_.c_str(), path_.c_str()) : ::link(temporary_.c_str(), path_.c_str());
    if (named != 0) return system_failure("create", path_);
    const std::string folder = std::filesystem::absolute(path_).parent_path().string();
    const FileHandle directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) return system_failure("flush", folder);
    return {};
  }

 private:
  std::string path_;
  std::string temporary_;
};

/// Runs `operation` on the store at `directory`, which is opened and closed for it. No supervisor: what goes wrong here
/// is told, not healed.
Result<void> operate(const std::string& directory, std::move_only_function<void(store::Transaction&)> operation) {
  set_log_level(LogLevel::warning);
  System system({.workers = 1});
  store::StoreOptions store_options;
  store_options.directory = directory;
  Result<std::unique_ptr<store::Store>> store = store::Store::open(system, store_options);
  if (!store) return std::unexpected(store.error());
  return wait(system, (*store)->operate(std::move(operation)));
}

/// What one change of the store can hold.
Result<void> check_sizes(const std::vector<DataEntry>& entries) {
  constexpr std::size_t overhead = 64;
  std::size_t total = 0;
  for (const auto& [key, value, expires_at] : entries) {
    const std::size_t size = key.size() + value.size() + overhead;
    if (size > payload_bytes_max) {
      return failure(ErrorCode::invalid_argument, fmt::format("a value of {} bytes is too long", value.size()));
    }
    total += size;
  }
  if (total <= batch_bytes_max) return {};
  return failure(ErrorCode::invalid_argument,
                 fmt::format("{} bytes are more than one import can hold; {} are the most", total, batch_bytes_max));
}

bool holds_files(const std::string& directory) {
  std::error_code error;
  const std::filesystem::directory_iterator files(directory, error);
  return !error && files != std::filesystem::directory_iterator();
}

}  // namespace

int import_data(const ImportOptions& options) {
  const Result<std::string> text = read_file(options.file);
  if (!text) return fail(text.error().message());
  Result<std::vector<DataEntry>> entries = store::parse_data_json(*text);
  if (!entries) return fail(fmt::format("{}: {}; nothing was imported", options.file, entries.error().message()));
  if (const Result<void> fits = check_sizes(*entries); !fits) {
    return fail(fmt::format("{}: {}; nothing was imported", options.file, fits.error().message()));
  }

  // Shared, because the operation owns what it uses.
  struct Import {
    std::vector<DataEntry> entries;
    std::size_t keys_before = 0;
    std::size_t keys_after = 0;
    std::size_t replaced = 0;
    std::size_t dead = 0;
    bool refused = false;
  };
  const auto import = std::make_shared<Import>();
  import->entries = std::move(*entries);
  const std::size_t count = import->entries.size();
  const Result<void> done =
      operate(options.directory, [import, overwrite = options.overwrite](store::Transaction& store) {
        import->keys_before = store.size();
        import->refused = import->keys_before > 0 && !overwrite;
        if (import->refused) return;
        for (auto& [key, value, expires_at] : import->entries) {
          const bool is_dead = expires_at && *expires_at <= store.now();
          import->dead += is_dead ? 1 : 0;
          if (is_dead ? store.erase(key) : store.get(key).has_value()) ++import->replaced;
          if (!is_dead) store.set(key, std::move(value), expires_at);
        }
        import->keys_after = store.size();
      });
  if (!done) return fail(done.error().message());
  if (import->refused) {
    return fail(
        fmt::format("the store in {} holds {} keys; nothing was imported. --overwrite adds to them, and "
                    "replaces those of the same name",
                    options.directory, import->keys_before));
  }
  fmt::print("imported {} keys into {} ({} of them replaced; {} keys now)\n", count - import->dead, options.directory,
             import->replaced, import->keys_after);
  if (import->dead > 0) fmt::print("{} keys had died by the time in the file, and are not there\n", import->dead);
  return 0;
}

int export_data(const ExportOptions& options) {
  const bool to_output = options.file == "-";
  if (!to_output && !options.force && std::filesystem::exists(std::filesystem::symlink_status(options.file))) {
    return fail(fmt::format("{} exists and was left alone; --force replaces it", options.file));
  }
  if (!holds_files(options.directory)) return fail(fmt::format("there is no store in {}", options.directory));

  struct Export {
    std::string text;
    std::size_t keys = 0;
  };
  const auto exported = std::make_shared<Export>();
  const Result<void> done = operate(options.directory, [exported](store::Transaction& store) {
    store::DataJsonWriter writer(exported->text);
    store.for_each([&](const store::KeyView& each) { writer.entry(each.key, each.value, each.expires_at); });
    writer.finish();
    exported->keys = store.size();
  });
  if (!done) return fail(done.error().message());

  const Result<void> written = to_output ? write_all(STDOUT_FILENO, exported->text, "standard output")
                                         : NewFile(options.file).write(exported->text, options.force);
  if (!written) return fail(written.error().message());
  if (!to_output) fmt::print("exported {} keys to {}\n", exported->keys, options.file);
  return 0;
}

}  // namespace understudy::tool
