// 10: the whole system in one run: a router, a key-value actor that owns the data, a writer that owns the files, and a
// supervisor. The key-value actor is reset by hand while requests wait: its writer dies with it, a new one reads the
// data back, the requests are answered, and nothing is heard of the old writer again. Run:
// build/release/bin/example_10_supervised_store
#include "understudy/store/store.hpp"
#include "understudy/understudy.hpp"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/core.h>

namespace us = understudy;
namespace store = understudy::store;
using namespace std::chrono_literals;

/// Reads the store's log: when the data is loaded, and which writer (known by its start time) wrote.
class LogReader {
 public:
  void operator()(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (line.starts_with("data loaded")) {
      fmt::print("log: data loaded, {}\n", line.substr(line.find(": ") + 2));
    } else if (line.starts_with("writer started ")) {
      const std::string started(line.substr(0, line.find(": ")));
      auto found = std::ranges::find(writers_, started);
      if (found == writers_.end()) found = writers_.insert(found, started);
      fmt::print("log: writer {} has written\n", found - writers_.begin() + 1);
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> writers_;  // In the order of their first write.
};

us::Task<> set(store::Store& opened, const char* key) {
  const us::Result<void> done = co_await opened.set(key, "world");
  fmt::print("set {}: {}\n", key, done ? "done" : done.error().message());
}

us::Task<> get(store::Store& opened, const char* key) {
  const us::Result<std::optional<us::Bytes>> value = co_await opened.get(key);
  fmt::print("get {}: {}\n", key, value ? value->value_or("not there") : std::string(value.error().message()));
}

us::Task<> show_heartbeat(store::Store& opened) {
  const auto sign = co_await opened.router().ask<store::Heartbeat>(store::ActorType::key_value);
  if (sign) fmt::print("key-value: incarnation {}, alive: {}\n", sign->incarnation, sign->alive);
}

us::Task<> application(store::Store& opened) {
  co_await set(opened, "hello");
  co_await get(opened, "hello");
  co_await get(opened, "hello");
  co_await show_heartbeat(opened);
  co_await us::sleep(1s);  // Idle, and nobody takes that for death. (And start times in the log differ by a second.)
  const auto reset = co_await opened.router().ask<store::Reset>(store::ActorType::key_value);
  fmt::print("reset: {}\n", reset.value_or(false));
  co_await get(opened, "hello");  // Waits in a mailbox until the next incarnation has its data.
  co_await show_heartbeat(opened);
  co_await set(opened, "test");
  co_await us::sleep(1s);
}

int main() {
  us::set_log_sink([reader = std::make_shared<LogReader>()](us::LogLevel, std::string_view line) { (*reader)(line); });
  us::set_log_level(us::LogLevel::debug);
  const auto directory = std::filesystem::temp_directory_path() / fmt::format("understudy-10-{}", ::getpid());
  {
    us::System system;
    const us::Supervisor supervisor(system);  // Looks every 200 ms; whoever hangs for 500 ms is reset.
    store::StoreOptions options;
    options.directory = directory;
    const auto opened = store::Store::open(system, options).value();
    static_cast<void>(us::wait(system, application(*opened)));
    for (const us::Incident& incident : supervisor.incidents()) {
      fmt::print("incident: {} {}, {}\n", incident.actor, us::name_of(incident.kind), us::name_of(incident.outcome));
    }
  }
  std::filesystem::remove_all(directory);
}
