#include "tool/backup.hpp"

#include "tool/fail.hpp"
#include "tool/new_directory.hpp"
#include "tool/progress_line.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/journal/copy.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <sys/resource.h>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace understudy::tool {
namespace {

/// Says what a backup holds, so that one that was cut short between two batches is found out.
constexpr std::string_view label_name = "backup.json";

/// All files of a directory are open at once.
void allow_many_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Result<JournalCopy> copy_with_progress(Storage& source, Storage& target, const std::string& what) {
  allow_many_files();
  ProgressLine line(what);
  CopyOptions options;
  options.on_progress = [&line](const JournalProgress& progress) {
    line.note({.bytes = progress.bytes, .bytes_total = progress.bytes_total, .records = progress.records});
  };
  options.on_start_over = [&what](std::string_view why) { fmt::print(stderr, "{}: starting over: {}\n", what, why); };
  return copy_journal(source, target, options);
}

std::string in_words(const JournalCopy& copy) {
  std::string text;
  if (copy.snapshot) {
    text =
        fmt::format("a snapshot of {} keys that covers LSN {}, then ", copy.snapshot->records, copy.snapshot->covers);
  }
  return text + fmt::format("{} records in {} {}, last LSN {}; {} bytes", copy.records, copy.segments,
                            copy.segments == 1 ? "segment" : "segments", copy.last_lsn, copy.bytes);
}

Result<void> write_label(Storage& storage, const JournalCopy& copy, const std::string& from) {
  const boost::json::object label{
      {"program", "understudy " UNDERSTUDY_VERSION},
      {"source", from},
      {"taken_unix_ms", system_clock_source().wall_now().time_since_epoch().count()},
      {"last_lsn", copy.last_lsn},
      {"bytes", copy.bytes},
  };
  const Result<std::unique_ptr<StorageFile>> file = storage.create(label_name);
  if (!file) return std::unexpected(file.error());
  if (const Result<void> written = (*file)->append(boost::json::serialize(label) + "\n"); !written) return written;
  return (*file)->flush();
}

/// The last LSN that a backup should have.
Result<std::uint64_t> read_label(Storage& storage) {
  const Result<std::unique_ptr<StorageFile>> file = storage.open(label_name);
  if (!file) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{} is no backup: it has no {}. Of a plain data directory make one first: understudy "
                               "backup DIR --to NEW",
                               storage.describe(), label_name));
  }
  std::vector<char> text(std::size_t{64} << 10U);
  const Result<std::size_t> size = (*file)->read_at(0, text);
  if (!size) return std::unexpected(size.error());
  boost::json::error_code error;
  const boost::json::value label = boost::json::parse(boost::json::string_view(text.data(), *size), error);
  const boost::json::value* const lsn =
      !error && label.is_object() ? label.as_object().if_contains("last_lsn") : nullptr;
  if (lsn != nullptr && lsn->is_int64() && lsn->as_int64() >= 0) return static_cast<std::uint64_t>(lsn->as_int64());
  return failure(ErrorCode::data_damaged,
                 fmt::format("{}/{} is damaged: it does not say last_lsn", storage.describe(), label_name));
}

/// Renames a directory that nobody uses; its new name.
Result<std::string> move_aside(const std::string& directory) {
  const Result<std::shared_ptr<Storage>> storage = open_file_storage_to_read(directory);
  if (!storage) return std::unexpected(storage.error());
  const Result<std::unique_ptr<DirectoryLock>> lock = (*storage)->lock();
  if (!lock) return std::unexpected(lock.error());
  for (unsigned number = 1;; ++number) {
    std::string aside = fmt::format("{}.before-restore-{}", (*storage)->describe(), number);
    if (std::filesystem::exists(std::filesystem::symlink_status(aside))) continue;
    if (const Result<void> renamed = rename_directory(directory, aside); !renamed) {
      return std::unexpected(renamed.error());
    }
    return aside;
  }
}

/// Nobody uses `directory`, if it is there.
Result<void> check_unused(const std::string& directory) {
  const Result<std::shared_ptr<Storage>> storage = open_file_storage_to_read(directory);
  if (!storage) return std::unexpected(storage.error());
  const Result<std::unique_ptr<DirectoryLock>> lock = (*storage)->lock();
  if (!lock) return std::unexpected(lock.error());
  return {};
}

}  // namespace

int back_up(const std::string& from, const std::string& to) {
  const Result<std::shared_ptr<Storage>> source = open_file_storage_to_read(from);
  if (!source) return fail(source.error());
  if (!is_free(to)) return fail(fmt::format("{} is there already, and is not empty; nothing was copied", to));
  const Result<std::unique_ptr<NewDirectory>> target = NewDirectory::begin(to);
  if (!target) return fail(target.error());
  const Result<JournalCopy> copy = copy_with_progress(**source, (*target)->storage(), "backup");
  if (!copy) return fail(copy.error());
  Result<void> done = write_label((*target)->storage(), *copy, (*source)->describe());
  if (done) done = (*target)->publish();
  if (!done) return fail(done.error());
  fmt::print("backed up {} to {}: {}\n", from, to, in_words(*copy));
  if (copy->left_out) {
    fmt::print("left out: {} bytes at the end of {}: an unfinished write, which nobody was told of\n",
               copy->left_out->bytes_cut, copy->left_out->file);
  }
  return 0;
}

int restore(const RestoreOptions& options) {
  const Result<std::shared_ptr<Storage>> source = open_file_storage_to_read(options.backup);
  if (!source) return fail(source.error());
  const Result<std::unique_ptr<DirectoryLock>> source_lock = (*source)->lock();
  if (!source_lock) return fail(source_lock.error());
  const Result<std::uint64_t> last_lsn = read_label(**source);
  if (!last_lsn) return fail(last_lsn.error());
  const bool taken = !is_free(options.directory);
  if (taken) {
    if (const Result<void> unused = check_unused(options.directory); !unused) return fail(unused.error());
    if (!options.move_aside) {
      return fail(fmt::format("{} holds files, and was left alone; --move-aside renames it first", options.directory));
    }
  }
  const Result<std::unique_ptr<NewDirectory>> target = NewDirectory::begin(options.directory);
  if (!target) return fail(target.error());
  const Result<JournalCopy> copy = copy_with_progress(**source, (*target)->storage(), "restore");
  if (!copy) return fail(copy.error());
  if (copy->left_out || copy->last_lsn != *last_lsn) {
    return fail(fmt::format(
        "{} is not what was backed up: it ends with LSN {}, and should with LSN {}{}; nothing was "
        "restored",
        options.backup, copy->last_lsn, *last_lsn, copy->left_out ? "; there is an unfinished write behind it" : ""));
  }
  if (taken) {
    const Result<std::string> aside = move_aside(options.directory);
    if (!aside) return fail(aside.error());
    fmt::print("what was in {} is in {} now\n", options.directory, *aside);
  }
  if (const Result<void> published = (*target)->publish(); !published) return fail(published.error());
  fmt::print("restored {} to {}: {}\n", options.backup, options.directory, in_words(*copy));
  return 0;
}

}  // namespace understudy::tool
