#include "tool/inspect.hpp"

#include "tool/fail.hpp"
#include "tool/text_encoding.hpp"
#include "understudy/journal/scan.hpp"
#include "understudy/journal/storage.hpp"
#include "understudy/store/records.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace understudy::tool {
namespace {

/// What is shown of a value at most, to people.
constexpr std::size_t shown_bytes_max = 64;

/// In quotes, with what cannot be printed as \xNN.
std::string quoted(BytesView bytes, std::size_t most) {
  std::string text = "\"";
  for (const char each : bytes.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') {
      text += fmt::format("\\{}", each);
    } else if (byte < 0x20 || byte > 0x7E) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += each;
    }
  }
  text += '"';
  if (bytes.size() > most) text += fmt::format("... ({} bytes)", bytes.size());
  return text;
}

std::string_view name_of(RecordKind kind) {
  if (kind == store::set_record || kind == store::set_expiring_record) return "set";
  if (kind == store::expire_record) return "expire";
  if (kind == store::erase_record) return "erase";
  return "clear";
}

/// "2026-11-26T08:30:00.000Z"; milliseconds since 1970 where that is past all calendars.
std::string date_of(WallTime time) {
  constexpr std::int64_t end_of_calendar = 253'402'300'800'000;  // The year 10,000.
  const std::int64_t milliseconds = time.time_since_epoch().count();
  if (milliseconds >= end_of_calendar) return fmt::format("{} ms", milliseconds);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     milliseconds % 1000);
}

class Show final : public JournalScan {
 public:
  explicit Show(const InspectOptions& options) noexcept : options_(options) {}

  Result<void> on_record(const ScannedFile& file, std::uint64_t offset, const Record& record) override {
    if (record.lsn < options_.from || record.lsn > options_.to) return {};
    const Result<store::Change> change = store::decode_record(record);
    if (!change) {
      on_damage({file.name, offset, 0, std::string(change.error().message())});
    } else if (options_.json) {
      print_json(file, offset, record, *change);
    } else {
      print(file, record, *change);
    }
    return {};
  }
  void on_damage(const ScannedDamage& damage) override {
    damaged_ = true;
    if (options_.json) {
      const boost::json::object line{
          {"file", damage.file}, {"offset", damage.offset}, {"bytes", damage.bytes}, {"damage", damage.what}};
      fmt::print("{}\n", boost::json::serialize(line));
    } else {
      fmt::print("!! {}: offset {}, {} bytes: {}\n", damage.file, damage.offset, damage.bytes, damage.what);
    }
  }
  void on_file(const ScannedFile& /*file*/) override {}

  [[nodiscard]] bool damaged() const noexcept { return damaged_; }

 private:
  static void print(const ScannedFile& file, const Record& record, const store::Change& change) {
    const std::string place = file.is_snapshot ? "snapshot" : fmt::format("{}", record.lsn);
    std::string line = fmt::format("{:>10}  {:6}", place, name_of(record.kind));
    if (change.key) line += fmt::format("  {}", quoted(*change.key, shown_bytes_max));
    if (change.value) line += fmt::format("  {}", quoted(*change.value, shown_bytes_max));
    if (change.expires_at) line += fmt::format("  until {}", date_of(*change.expires_at));
    if (record.kind == store::expire_record && !change.expires_at) line += "  never";
    fmt::print("{}\n", line);
  }
  /// Texts stand as they are where they are UTF-8 without control characters; otherwise as hexadecimal digits, under
  /// another name.
  static void put(boost::json::object& line, std::string_view name, BytesView bytes) {
    bool plain = true;
    for (const char each : bytes) plain = plain && each >= 0x20 && each < 0x7F;
    if (plain) {
      line[name] = std::string(bytes);
      return;
    }
    line[fmt::format("{}_hex", name)] = store::to_hex(bytes);
  }
  static void print_json(const ScannedFile& file, std::uint64_t offset, const Record& record,
                         const store::Change& change) {
    boost::json::object line{{"file", file.name},
                             {"offset", offset},
                             {"snapshot", file.is_snapshot},
                             {"lsn", record.lsn},
                             {"change", std::string(name_of(record.kind))}};
    if (change.key) put(line, "key", *change.key);
    if (change.value) put(line, "value", *change.value);
    if (change.expires_at) line["expires_at_ms"] = change.expires_at->time_since_epoch().count();
    if (record.kind == store::expire_record && !change.expires_at) line["expires_at_ms"] = nullptr;
    fmt::print("{}\n", boost::json::serialize(line));
  }

  const InspectOptions& options_;
  bool damaged_ = false;
};

}  // namespace

int inspect_data(const InspectOptions& options) {
  const Result<std::shared_ptr<Storage>> storage = open_file_storage_to_read(options.directory);
  if (!storage) return fail(storage.error());
  const Result<std::unique_ptr<DirectoryLock>> lock = (*storage)->lock();
  if (!lock) return fail(lock.error());
  Show show(options);
  if (const Result<void> read = scan_journal(**storage, show); !read) return fail(read.error());
  return show.damaged() ? 1 : 0;
}

}  // namespace understudy::tool
