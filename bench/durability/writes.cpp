// Writers in process on our store: one coroutine each, which awaits `set`.
#include "understudy/base/logging.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/store/store.hpp"
#include "understudy/supervision/supervisor.hpp"
#include "workloads.hpp"

#include <cstdio>
#include <map>

#include <fmt/format.h>

namespace bench {
namespace {

namespace us = understudy;
using Clock = WriterLog::Clock;

us::Task<> write(us::store::Store& store, WriterLog& log, Clock::time_point end) {
  while (Clock::now() < end) {
    log.begin();
    us::Task<us::Result<void>> setting = store.set(log.key(), log.value());
    const us::Result<void> done = co_await std::move(setting);
    if (!done) {
      log.failed(std::string(done.error().message()));
      co_return;
    }
    log.acknowledged();
  }
}

us::Task<> write_all(us::System& system, us::store::Store& store, std::vector<WriterLog>& writers,
                     Clock::time_point end) {
  us::TaskGroup group(system);
  for (WriterLog& log : writers) group.spawn(write(store, log, end));
  co_await group.join();
}

us::Result<std::unique_ptr<us::store::Store>> open(us::System& system, const WriteOptions& options, bool flush) {
  us::store::StoreOptions store_options;
  store_options.directory = options.directory;
  store_options.durability = flush ? us::Durability::always : us::Durability::interval;
  store_options.snapshot_after_bytes = 0;
  return us::store::Store::open(system, std::move(store_options));
}

int refuse(const us::Error& error) {
  fmt::print(stderr, "{}\n", error.message());
  return 1;
}

}  // namespace

int run_writes(const WriteOptions& options, std::uint32_t workers, bool flush) {
  us::set_log_level(us::LogLevel::warning);
  std::vector<WriterLog> writers = make_writers(options);
  double seconds = 0;
  {
    us::System system({.workers = workers});
    us::Supervisor supervisor(system);
    const auto store = open(system, options, flush);
    if (!store) return refuse(store.error());
    const Clock::time_point begin = Clock::now();
    const auto end =
        begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
    static_cast<void>(us::wait(system, write_all(system, **store, writers, end)));
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  us::System system({.workers = workers});
  const auto store = open(system, options, flush);
  if (!store) return refuse(store.error());
  std::map<std::string, std::string, std::less<>> found;
  const auto read_all = [&found](us::store::Transaction& all) {
    all.for_each([&found](const us::store::KeyView& each) { found.emplace(each.key, each.value); });
  };
  const us::Result<void> read = us::wait(system, (*store)->operate(read_all));
  if (!read) return refuse(read.error());
  return report_writes(options, writers, seconds, [&found](const std::string& key) -> std::optional<std::string> {
    const auto at = found.find(key);
    return at == found.end() ? std::nullopt : std::optional(at->second);
  });
}

}  // namespace bench
