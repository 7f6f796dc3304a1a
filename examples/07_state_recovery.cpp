// 07: state that comes back. A store writes every change to a journal before it answers, and replays the journal when
// it is opened again. What an unfinished write left behind is cut off and reported; any other damage is never cut or
// overwritten: the store refuses to open, and says which file is damaged, and where.
// Run: build/release/bin/example_07_state_recovery
#include "understudy/store/store.hpp"
#include "understudy/understudy.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include <fmt/core.h>

namespace us = understudy;
namespace store = understudy::store;
namespace fs = std::filesystem;

/// Opens the store, shows what it found, and gives the value of "hello".
void open_and_show(const fs::path& directory) {
  us::System system;
  store::StoreOptions options;
  options.directory = directory;
  const auto opened = store::Store::open(system, options);
  if (!opened) {
    fmt::print("  {}: {}\n", us::name_of(opened.error().code()), opened.error().message());
    return;
  }
  const store::LoadReport report = (*opened)->load_report();
  fmt::print("  {} keys from {} records\n", report.keys, report.records);
  if (!report.torn_tail.empty()) fmt::print("  {}\n", report.torn_tail);
  const us::Result<std::optional<us::Bytes>> hello = us::wait(system, (*opened)->get("hello"));
  fmt::print("  hello is {}\n", hello.value().value_or("not there"));
}

us::Task<> write_some(store::Store& opened) {
  const us::Result<void> hello = co_await opened.set("hello", "world");
  const us::Result<void> other = co_await opened.set("other", "value");
  const us::Result<bool> erased = co_await opened.erase("other");
  fmt::print("  written, written, erased: {} {} {}\n", hello.has_value(), other.has_value(), erased.value_or(false));
}

/// The newest file of the journal.
fs::path newest_segment(const fs::path& directory) {
  fs::path newest;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
  }
  return newest;
}

void flip_a_bit(const fs::path& file, std::streamoff offset) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(offset);
  const auto byte = static_cast<char>(stream.get() ^ 1);
  stream.seekp(offset);
  stream.put(byte);
}

int main() {
  us::set_log_level(us::LogLevel::off);
  const fs::path directory = fs::temp_directory_path() / fmt::format("understudy-07-{}", ::getpid());
  fmt::print("A new store:\n");
  {
    us::System system;
    store::StoreOptions options;
    options.directory = directory;
    const auto opened = store::Store::open(system, options).value();
    static_cast<void>(us::wait(system, write_some(*opened)));
  }
  fmt::print("Opened again:\n");
  open_and_show(directory);

  const fs::path segment = newest_segment(directory);
  fmt::print("After a write that was never finished:\n");
  std::ofstream(segment, std::ios::app | std::ios::binary) << "half a batch";
  open_and_show(directory);
  fmt::print("And once more, all clean:\n");
  open_and_show(directory);

  fmt::print("After a bit has flipped in the middle:\n");
  flip_a_bit(segment, 100);
  open_and_show(directory);
  fmt::print("Nothing was overwritten; with the bit as it was:\n");
  flip_a_bit(segment, 100);
  open_and_show(directory);
  fs::remove_all(directory);
}
