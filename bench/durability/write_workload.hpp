// The workload of `bench durability write/…`: N writers, each of which sets one key after the other and waits until the
// write is flushed before the next. The same for our store and for its peers (bench/peers/rocksdb, bench/peers/sqlite),
// which build this file too; so it uses nothing of ours.
//
// Each writer has keys of its own, drawn by its number, and remembers the last value of each that was acknowledged.
// When all is over the store is closed, opened anew, and must hold exactly these.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace bench {

struct WriteOptions {
  std::string directory;         ///< Where the store is made; must not exist.
  std::uint32_t writers = 1;     ///< How many write at the same time.
  double seconds = 3;            ///< How long they begin new writes.
  std::uint64_t keys = 100'000;  ///< Of all writers together.
  std::size_t value_bytes = 64;  ///< At least 24.
};

/// Keys are 16 bytes long.
[[nodiscard]] std::string key_of(std::uint64_t number);

/// One writer. Threads: one at a time.
class WriterLog {
 public:
  using Clock = std::chrono::steady_clock;

  WriterLog(std::uint32_t number, const WriteOptions& options);

  /// Draws the next key and value, and notes the time.
  void begin();
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] const std::string& value() const noexcept { return value_; }
  /// The write that was begun is flushed.
  void acknowledged();
  /// It failed: nothing more is written. `reason` is what the program ends with.
  void failed(std::string reason) { error_ = std::move(reason); }

  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  [[nodiscard]] std::uint64_t count() const noexcept { return took_us_.size(); }
  [[nodiscard]] const std::vector<float>& took_us() const noexcept { return took_us_; }
  /// Of the keys that were written, those for which `read` gives something else than was acknowledged last.
  using Read = std::function<std::optional<std::string>(const std::string& key)>;
  [[nodiscard]] std::uint64_t wrong_keys(const Read& read) const;

 private:
  /// Letters that do not compress to nothing; at the front stand writer and number of the write.
  [[nodiscard]] std::string value_of(std::uint64_t sequence) const;

  std::uint32_t number_;
  std::uint32_t writers_;
  std::size_t value_bytes_;
  std::uint64_t random_;
  std::uint64_t drawn_ = 0;                   // which of our keys
  std::vector<std::uint64_t> last_sequence_;  // of each of our keys; 0: never written
  std::string key_;
  std::string value_;
  Clock::time_point began_;
  std::vector<float> took_us_;
  std::string error_;
};

/// All writers of a run.
[[nodiscard]] std::vector<WriterLog> make_writers(const WriteOptions& options);

/// The options that every store has.
void add_write_options(CLI::App& app, WriteOptions& options);

/// Prints the run as one line of JSON, once `read` has been asked for every key. The exit code: 0 if all is as it was
/// acknowledged.
int report_writes(const WriteOptions& options, const std::vector<WriterLog>& writers, double seconds,
                  const WriterLog::Read& read);

}  // namespace bench
