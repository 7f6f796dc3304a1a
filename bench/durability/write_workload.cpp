#include "write_workload.hpp"

#include <algorithm>
#include <cstdio>

#include <CLI/CLI.hpp>

namespace bench {
namespace {

constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

/// SplitMix64: the same numbers for the same seed, everywhere.
std::uint64_t next_random(std::uint64_t& state) noexcept {
  std::uint64_t mixed = (state += 0x9E3779B97F4A7C15U);
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31U);
}

double percentile(const std::vector<float>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * share)];
}

}  // namespace

std::string key_of(std::uint64_t number) {
  std::string key(16, '0');
  key.replace(0, 4, "key:");
  for (std::size_t at = key.size(); number != 0; number /= 10) key[--at] = static_cast<char>('0' + number % 10);
  return key;
}

WriterLog::WriterLog(std::uint32_t number, const WriteOptions& options)
    : number_(number),
      writers_(options.writers),
      value_bytes_(options.value_bytes),
      random_(number),
      last_sequence_(std::max<std::uint64_t>(options.keys / options.writers, 1), 0) {
  took_us_.reserve(1U << 16U);
}

std::string WriterLog::value_of(std::uint64_t sequence) const {
  char front[24];
  const int length = std::snprintf(front, sizeof front, "%u:%llu:", number_, static_cast<unsigned long long>(sequence));
  std::string value(front, static_cast<std::size_t>(length));
  std::uint64_t state = (std::uint64_t{number_} << 40U) + sequence;
  while (value.size() < value_bytes_) {
    for (std::uint64_t bits = next_random(state) | (std::uint64_t{1} << 60U); bits > 1 && value.size() < value_bytes_;
         bits >>= 6U) {
      value += letters[bits & 63U];
    }
  }
  return value;
}

void WriterLog::begin() {
  drawn_ = next_random(random_) % last_sequence_.size();
  key_ = key_of(drawn_ * writers_ + number_);
  value_ = value_of(count() + 1);
  began_ = Clock::now();
}

void WriterLog::acknowledged() {
  took_us_.push_back(std::chrono::duration<float, std::micro>(Clock::now() - began_).count());
  last_sequence_[drawn_] = count();
}

std::uint64_t WriterLog::wrong_keys(const Read& read) const {
  std::uint64_t wrong = 0;
  for (std::uint64_t at = 0; at < last_sequence_.size(); ++at) {
    if (last_sequence_[at] == 0) continue;
    const std::optional<std::string> found = read(key_of(at * writers_ + number_));
    if (!found || *found != value_of(last_sequence_[at])) ++wrong;
  }
  return wrong;
}

std::vector<WriterLog> make_writers(const WriteOptions& options) {
  std::vector<WriterLog> writers;
  writers.reserve(options.writers);
  for (std::uint32_t number = 0; number < options.writers; ++number) writers.emplace_back(number, options);
  return writers;
}

void add_write_options(CLI::App& app, WriteOptions& options) {
  app.add_option("--directory", options.directory, "where the store is made")->required();
  app.add_option("--writers", options.writers, "how many write at the same time")->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "how long they begin new writes")->check(CLI::PositiveNumber);
  app.add_option("--keys", options.keys, "of all writers together")->check(CLI::PositiveNumber);
  app.add_option("--value-bytes", options.value_bytes, "of each value")->check(CLI::Range(24, 1 << 20));
}

int report_writes(const WriteOptions& options, const std::vector<WriterLog>& writers, double seconds,
                  const WriterLog::Read& read) {
  std::vector<float> took_us;
  std::uint64_t wrong = 0;
  for (const WriterLog& writer : writers) {
    if (!writer.error().empty()) {
      std::fprintf(stderr, "a write failed: %s\n", writer.error().c_str());
      return 1;
    }
    took_us.insert(took_us.end(), writer.took_us().begin(), writer.took_us().end());
    wrong += writer.wrong_keys(read);
  }
  std::ranges::sort(took_us);
  const auto operations = static_cast<double>(took_us.size());
  std::printf("{\"writers\":%u,\"operations\":%zu,\"seconds\":%.6f,\"per_second\":%.1f,", options.writers,
              took_us.size(), seconds, operations / seconds);
  std::printf("\"p50_us\":%.1f,\"p99_us\":%.1f,\"most_us\":%.1f,\"wrong_keys\":%llu}\n", percentile(took_us, 0.5),
              percentile(took_us, 0.99), percentile(took_us, 1), static_cast<unsigned long long>(wrong));
  if (wrong == 0) return 0;
  std::fprintf(stderr, "%llu keys do not hold what was acknowledged\n", static_cast<unsigned long long>(wrong));
  return 1;
}

}  // namespace bench
