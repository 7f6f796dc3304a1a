#include "tool/demo.hpp"

#include "tool/fail.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/store/store.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

using std::chrono::milliseconds;

/// A folder of the demonstration's own, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "understudy-demo-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// Prints what happens with the time since the start, and keeps what has to hold.
class Stage {
 public:
  explicit Stage(const Clock& clock) : clock_(clock), start_(clock.now()) {}

  void say(std::string_view line) {
    const std::lock_guard lock(mutex_);
    const auto passed = std::chrono::duration_cast<milliseconds>(clock_.now() - start_).count();
    fmt::print("{:6} ms  {}\n", passed, line);
  }
  void expect(bool held, std::string_view what) {
    if (held) return;
    say(fmt::format("DID NOT HOLD: {}", what));
    const std::lock_guard lock(mutex_);
    failed_ = true;
  }
  /// The store's log: what is loaded, and which writer, known by its start, writes.
  void hear(std::string_view line) {
    if (line.starts_with("data loaded")) {
      ++loads_;
    } else if (line.starts_with("writer started ")) {
      const std::string instance(line.substr(0, line.find(": ")));
      const std::lock_guard lock(mutex_);
      if (writers_.empty() || writers_.back() != instance) writers_.push_back(instance);
    } else if (line.find("/key-value") == std::string_view::npos) {
      return;
    }
    say(fmt::format("  log: {}", line));
  }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] int loads() const noexcept { return loads_; }
  /// Writers in the order in which they wrote; one that came back would be there twice.
  [[nodiscard]] const std::vector<std::string>& writers() const noexcept { return writers_; }

 private:
  const Clock& clock_;
  const TimePoint start_;
  std::mutex mutex_;
  bool failed_ = false;
  int loads_ = 0;
  std::vector<std::string> writers_;
};

Task<> set(Stage& stage, store::Store& store, std::string key, std::string value) {
  const Result<void> done = co_await store.set(key, value);
  stage.say(fmt::format("set {}={}: {}", key, value, done ? "done" : done.error().message()));
  stage.expect(done.has_value(), "a set is acknowledged");
}

Task<> get(Stage& stage, store::Store& store, std::string key, std::string expected) {
  const Result<std::optional<Bytes>> value = co_await store.get(key);
  stage.say(
      fmt::format("get {}: {}", key, value ? value->value_or("not there") : std::string(value.error().message())));
  stage.expect(value && *value == expected, fmt::format("{} is {}", key, expected));
}

/// A request made while the key-value actor is being replaced.
Task<> get_meanwhile(Stage& stage, store::Store& store, const Clock& clock, int number) {
  const TimePoint asked = clock.now();
  const Result<std::optional<Bytes>> value = co_await store.get("hello");
  const auto waited = std::chrono::duration<double, std::milli>(clock.now() - asked).count();
  stage.say(fmt::format("get hello, asked during the reset ({} of 5): {} after waiting {:.1f} ms", number,
                        value ? value->value_or("not there") : std::string(value.error().message()), waited));
  stage.expect(value && *value == "world", "a request that waited during the reset is answered");
}

/// The chapter's whole run.
Task<> whole_run(Stage& stage, System& system, store::Store& store) {
  co_await set(stage, store, "hello", "world");
  co_await get(stage, store, "hello", "world");
  co_await get(stage, store, "hello", "world");
  stage.say("reset of the key-value actor, by hand");
  const Address<store::RoutingMessage> router = store.router();
  const Result<bool> reset = co_await router.ask<store::Reset>(store::ActorType::key_value);
  stage.expect(reset && *reset, "the key-value actor is reset");
  TaskGroup meanwhile(system);
  for (int i = 1; i <= 5; ++i) meanwhile.spawn(get_meanwhile(stage, store, system.clock(), i));
  co_await meanwhile.join();
  co_await get(stage, store, "hello", "world");
  co_await set(stage, store, "test", "world");
  stage.say("one second of idling: silence is not death");
  co_await sleep(std::chrono::seconds(1));
  co_await get(stage, store, "test", "world");
}

void check_what_was_shown(Stage& stage, const Supervisor& supervisor, const store::Store& store) {
  stage.expect(stage.loads() == 2, "the data was loaded twice");
  stage.expect(stage.writers().size() == 2, "two writers wrote, one after the other, and the first never again");
  stage.expect(supervisor.incident_count() == 1, "the reset was the only incident");
  stage.expect(store.key_value().incarnation() == 2, "the key-value actor is in its second life");
}

}  // namespace

int run_demo() {
  const TemporaryFolder folder;
  if (folder.path().empty()) {
    return fail(fmt::format("no folder can be made in {}; set TMPDIR to one that can be written",
                            std::filesystem::temp_directory_path().string()));
  }
  System system;
  Stage stage(system.clock());
  set_log_level(LogLevel::debug);
  set_log_sink([&stage](LogLevel /*level*/, std::string_view line) { stage.hear(line); });
  {
    const Supervisor supervisor(system);
    stage.say("a store with a router, a key-value actor, and a writer as its child");
    Result<std::unique_ptr<store::Store>> store = store::Store::open(system, {.directory = folder.path()});
    stage.expect(store.has_value(), "the store opens");
    if (store) {
      static_cast<void>(wait(system, whole_run(stage, system, **store)));
      check_what_was_shown(stage, supervisor, **store);
    }
  }
  set_log_sink({});
  if (stage.failed()) return 1;
  stage.say("all of it held: data loaded twice, two writers, every request answered");
  return 0;
}

}  // namespace understudy::tool
