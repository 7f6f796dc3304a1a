#include "tool/export.hpp"

#include "tool/entry_format.hpp"
#include "tool/fail.hpp"
#include "tool/offline_store.hpp"
#include "tool/progress_line.hpp"
#include "tool/text_file.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

constexpr std::size_t piece_keys = 512;
constexpr std::size_t piece_bytes = std::size_t{1} << 20U;

bool holds_files(const std::string& directory) {
  std::error_code error;
  const std::filesystem::directory_iterator files(directory, error);
  return !error && files != std::filesystem::directory_iterator();
}

/// What an operation on the store fills.
struct Piece {
  std::string text;
  std::unique_ptr<store::EntryWriter> writer;
  std::uint64_t next = 0;
  std::uint64_t keys = 0;
  std::uint64_t keys_total = 0;
};

/// Some hundred keys, or more if a part of the store has more.
void fill(Piece& piece, store::Transaction& map) {
  piece.keys_total = map.size();
  const std::uint64_t before = piece.keys;
  do {
    piece.next = map.scan(piece.next, 1, [&piece](const store::KeyView& each) {
      piece.writer->add(each);
      ++piece.keys;
    });
  } while (piece.next != 0 && piece.keys - before < piece_keys && piece.text.size() < piece_bytes);
}

/// Gives the number of keys.
Result<std::uint64_t> write_all(OfflineStore& store, OutputFile& file, EntryFormat format) {
  const auto piece = std::make_shared<Piece>();
  piece->writer = make_writer(format, piece->text);
  ProgressLine line("export");
  std::uint64_t bytes = 0;
  do {
    if (const Result<void> read = store.operate([piece](store::Transaction& map) { fill(*piece, map); }); !read) {
      return std::unexpected(read.error());
    }
    if (piece->next == 0) piece->writer->finish();
    if (const Result<void> written = file.append(piece->text); !written) return std::unexpected(written.error());
    bytes += piece->text.size();
    piece->text.clear();
    line.note({.bytes = bytes, .records = piece->keys, .records_total = piece->keys_total});
  } while (piece->next != 0);
  return piece->keys;
}

}  // namespace

int export_data(const ExportOptions& options) {
  const Result<EntryFormat> format = format_of(options.format, options.file);
  if (!format) return fail(format.error());
  const bool to_output = options.file == "-";
  if (!to_output && !options.force && std::filesystem::exists(std::filesystem::symlink_status(options.file))) {
    return fail(fmt::format("{} exists and was left alone; --force replaces it", options.file));
  }
  if (!holds_files(options.directory)) return fail(fmt::format("there is no store in {}", options.directory));
  const Result<std::unique_ptr<OfflineStore>> store = OfflineStore::open(options.directory);
  if (!store) return fail(store.error());
  const Result<std::unique_ptr<OutputFile>> file = OutputFile::create(options.file);
  if (!file) return fail(file.error());
  const Result<std::uint64_t> keys = write_all(**store, **file, *format);
  if (!keys) return fail(keys.error());
  if (const Result<void> finished = (*file)->finish(options.force); !finished) return fail(finished.error());
  if (!to_output) fmt::print("exported {} keys to {}\n", *keys, options.file);
  return 0;
}

}  // namespace understudy::tool
