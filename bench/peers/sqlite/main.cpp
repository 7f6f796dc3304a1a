// Writers in process on SQLite, in two forms. `threads`: a connection for each writer, each write a transaction of its
// own; who finds the database locked waits. `group`: the writers hand their writes to one thread, which puts all that
// wait into one transaction, as an application would that wants it fast.
#include "database.hpp"
#include "write_workload.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

namespace {

using Clock = bench::WriterLog::Clock;

/// Writes that wait for the next transaction.
class Group {
 public:
  enum State : int { waits, done, failed };
  /// A writer's write under way. Each waits on a word of its own, so that it is woken alone.
  struct Request {
    const bench::WriterLog* log;
    std::atomic<int> state;
  };

  explicit Group(Database& database) : database_(database), thread_([this] { commit_all(); }) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    more_.notify_one();
  }

  /// False: it failed, and `error` says why. The request must outlive the group's thread.
  bool set(Request& request) {
    request.state.store(waits);
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(&request);
      if (waiting_.size() == 1) more_.notify_one();
    }
    request.state.wait(waits);
    return request.state.load() == done;
  }
  [[nodiscard]] std::string error() {
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  void commit_all() {
    for (;;) {
      std::vector<Request*> group;
      {
        std::unique_lock lock(mutex_);
        more_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        group.swap(waiting_);
      }
      database_.begin();
      bool good = true;
      for (const Request* request : group) good = good && database_.set(request->log->key(), request->log->value());
      good = good && database_.commit();
      if (!good) {
        const std::lock_guard lock(mutex_);
        error_ = database_.error();
      }
      for (Request* request : group) {
        request->state.store(good ? done : failed);
        request->state.notify_one();
      }
    }
  }

  Database& database_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<Request*> waiting_;
  std::string error_;
  bool ended_ = false;
  std::jthread thread_;
};

void write_alone(const std::string& path, bench::WriterLog& log, Clock::time_point end) {
  Database database(path);
  while (Clock::now() < end) {
    log.begin();
    if (!database.set(log.key(), log.value())) return log.failed(database.error());
    log.acknowledged();
  }
}

void write_in_groups(Group& group, Group::Request& request, bench::WriterLog& log, Clock::time_point end) {
  while (Clock::now() < end) {
    log.begin();
    if (!group.set(request)) return log.failed(group.error());
    log.acknowledged();
  }
}

}  // namespace

int main(int argc, char** argv) {
  bench::WriteOptions options;
  std::string form = "threads";
  CLI::App app("Writers in process on SQLite");
  bench::add_write_options(app, options);
  app.add_option("--form", form, "threads or group")->check(CLI::IsMember({"threads", "group"}));
  CLI11_PARSE(app, argc, argv);

  std::filesystem::create_directories(options.directory);
  const std::string path = options.directory + "/pairs.sqlite";
  std::vector<bench::WriterLog> writers = bench::make_writers(options);
  const auto database = std::make_unique<Database>(path);
  const Clock::time_point begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
  if (form == "group") {
    std::deque<Group::Request> requests;
    Group group(*database);
    std::vector<std::jthread> threads;
    threads.reserve(writers.size());
    for (bench::WriterLog& log : writers) {
      Group::Request& request = requests.emplace_back(&log, Group::waits);
      threads.emplace_back([&] { write_in_groups(group, request, log, end); });
    }
  } else {
    std::vector<std::jthread> threads;
    threads.reserve(writers.size());
    for (bench::WriterLog& log : writers) threads.emplace_back([&] { write_alone(path, log, end); });
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  Database again(path);
  return bench::report_writes(options, writers, seconds, [&](const std::string& key) { return again.get(key); });
}
