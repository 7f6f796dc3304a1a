#include "process/crash_states/walk.hpp"

#include "process/crash_states/start.hpp"
#include "understudy/base/random.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace understudy::process_test {

namespace {

constexpr std::size_t room_bytes_min = 64;

std::uint64_t mixed(std::uint64_t first, std::uint64_t second, std::uint64_t third) {
  return SeededRandom(SeededRandom(SeededRandom(first).next() ^ second).next() ^ third).next();
}

void write_file(const std::filesystem::path& path, BytesView content) {
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

void write_files(const std::filesystem::path& directory, const Files& files) {
  std::filesystem::create_directories(directory);
  for (const auto& [name, content] : files) write_file(directory / name, content);
}

std::string hex(BytesView bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

/// Whether the last segment ends in zeros: more than a record may end in by itself.
bool ends_in_room(const Files& files) {
  const auto last = std::ranges::find_if(files.rbegin(), files.rend(),
                                         [](const auto& file) { return file.first.starts_with("journal-"); });
  return last != files.rend() && last->second.ends_with(Bytes(room_bytes_min, '\0'));
}

/// Calls `crash(point, event)` before each event that changes what a crash may leave, if a crash before it may leave
/// something else, or more was promised by then, than at the point before; and once at the end. Counts these points.
template <typename Apply, typename Crash>
std::uint64_t for_each_point(const std::vector<Event>& events, Apply apply, Crash crash) {
  std::uint64_t points = 0;
  bool is_new = true;
  for (const Event& event : events) {
    const bool matters = DiskModel::matters(event.head.kind);
    if (matters && is_new) crash(points++, in_words(event));
    if (matters) is_new = false;
    apply(event);
    is_new = is_new || matters || event.head.kind == EventKind::replied;
  }
  crash(points++, "the end");
  return points;
}

/// One thread's share.
class Share {
 public:
  Share(const std::vector<Event>& events, const std::vector<Connection>& history, const WalkOptions& options,
        std::uint64_t number, std::uint64_t sample_every, std::atomic<bool>& stop)
      : events_(events),
        options_(options),
        number_(number),
        sample_every_(sample_every),
        stop_(stop),
        progress_(history) {}

  WalkReport run() {
    report_.points = for_each_point(
        events_,
        [this](const Event& event) {
          disk_.apply(event);
          progress_.apply(event);
        },
        [this](std::uint64_t point, const std::string& before) { crash_at(point, before); });
    report_.answered = progress_.answered();
    return std::move(report_);
  }

 private:
  void crash_at(std::uint64_t point, const std::string& before) {
    const std::uint64_t fates = disk_.has_unflushed() ? options_.fates : 1;
    for (std::uint64_t fate = 0; fate < fates && !stop_; ++fate) {
      if ((point + fate) % options_.threads != number_) continue;
      const std::uint64_t seed = mixed(options_.seed, point, fate);
      SeededRandom random(seed);
      const Files files = disk_.after_crash(static_cast<Fate>(std::min<std::uint64_t>(fate, 2)), random);
      if (const auto wrong = try_state(files, seed)) {
        report_.failure =
            fmt::format("crash point {}, before: {}; fate {}, seed {}: {}", point, before, fate, options_.seed, *wrong);
        if (!options_.failure_to.empty()) write_files(options_.failure_to, files);
        stop_ = true;
      }
    }
  }

  std::optional<std::string> try_state(const Files& files, std::uint64_t seed) {
    ++report_.states;
    const Result<Started> started = start_on(files);
    if (!started) return "it does not start: " + std::string(started.error().message());
    if (started->report.torn_tail) ++report_.torn;
    if (started->report.snapshot) ++report_.with_snapshot;
    if (ends_in_room(files)) ++report_.with_room;
    if (auto wrong = progress_.check(started->values)) return wrong;
    if (sample_every_ != 0 && seed % sample_every_ == 0) write_sample(files, started->values);
    if (options_.whole_store_every == 0 || (seed >> 32U) % options_.whole_store_every != 0) return std::nullopt;
    ++report_.whole_stores;
    return start_whole_store_on(files, started->values, seed);
  }

  void write_sample(const Files& files, const Values& values) {
    const std::filesystem::path folder =
        std::filesystem::path(options_.samples_to) / fmt::format("{}-{}", number_, report_.samples++);
    write_files(folder / "data", files);
    std::string expected;
    for (const auto& [key, value] : values) expected += hex(key) + " " + hex(value) + "\n";
    write_file(folder / "expected", expected);
  }

  const std::vector<Event>& events_;
  const WalkOptions& options_;
  const std::uint64_t number_;
  const std::uint64_t sample_every_;
  std::atomic<bool>& stop_;
  DiskModel disk_;
  Progress progress_;
  WalkReport report_;
};

/// How many states there are, roughly: to spread the samples.
std::uint64_t count_states(const std::vector<Event>& events, std::uint64_t fates) {
  DiskModel disk;
  std::uint64_t states = 0;
  for_each_point(
      events, [&](const Event& event) { disk.apply(event); },
      [&](std::uint64_t, const std::string&) { states += disk.has_unflushed() ? fates : 1; });
  return states;
}

}  // namespace

WalkReport walk(const std::vector<Event>& events, const std::vector<Connection>& history, const WalkOptions& options) {
  std::uint64_t sample_every = 0;
  if (options.samples != 0) {
    sample_every = std::max<std::uint64_t>(1, count_states(events, options.fates) / options.samples);
  }
  std::atomic<bool> stop{false};
  std::vector<WalkReport> reports(options.threads);
  std::vector<std::thread> threads;
  for (std::uint64_t number = 0; number < options.threads; ++number) {
    threads.emplace_back([&, number] {
      try {
        reports[number] = Share(events, history, options, number, sample_every, stop).run();
      } catch (const std::exception& error) {
        reports[number].failure = error.what();
        stop = true;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  WalkReport all;
  for (WalkReport& report : reports) {
    all.points = std::max(all.points, report.points);
    all.answered = std::max(all.answered, report.answered);
    all.states += report.states;
    all.torn += report.torn;
    all.with_snapshot += report.with_snapshot;
    all.with_room += report.with_room;
    all.whole_stores += report.whole_stores;
    all.samples += report.samples;
    if (!all.failure) all.failure = std::move(report.failure);
  }
  return all;
}

std::optional<std::string> compare_with(const std::vector<Event>& events, const std::string& directory) {
  DiskModel disk;
  for (const Event& event : events) disk.apply(event);
  Files recorded = disk.seen();
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name == "LOCK") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const Bytes content{std::istreambuf_iterator<char>(file), {}};
    const auto found = recorded.find(name);
    if (found == recorded.end()) return name + " is there, and was never recorded";
    if (found->second != content) return name + " has other bytes than were recorded";
    recorded.erase(found);
  }
  if (!recorded.empty()) return recorded.begin()->first + " was recorded, and is not there";
  return std::nullopt;
}

}  // namespace understudy::process_test
