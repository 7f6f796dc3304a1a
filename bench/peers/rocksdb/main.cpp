// Writers in process on RocksDB: one thread each, `WriteOptions::sync`, otherwise as it comes. Threads that write at
// the same time are flushed together by RocksDB itself.
#include "write_workload.hpp"

#include <cstdio>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <rocksdb/db.h>
#include <rocksdb/options.h>

namespace {

using Clock = bench::WriterLog::Clock;

std::unique_ptr<rocksdb::DB> open(const bench::WriteOptions& options) {
  rocksdb::Options settings;
  settings.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(settings, options.directory, &opened);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return std::unique_ptr<rocksdb::DB>(opened);
}

void write(rocksdb::DB& store, bench::WriterLog& log, Clock::time_point end) {
  rocksdb::WriteOptions flushed;
  flushed.sync = true;
  while (Clock::now() < end) {
    log.begin();
    const rocksdb::Status status = store.Put(flushed, log.key(), log.value());
    if (!status.ok()) {
      log.failed(status.ToString());
      return;
    }
    log.acknowledged();
  }
}

}  // namespace

int main(int argc, char** argv) {
  bench::WriteOptions options;
  CLI::App app("Writers in process on RocksDB");
  bench::add_write_options(app, options);
  CLI11_PARSE(app, argc, argv);

  std::vector<bench::WriterLog> writers = bench::make_writers(options);
  double seconds = 0;
  {
    const std::unique_ptr<rocksdb::DB> store = open(options);
    if (!store) return 1;
    const Clock::time_point begin = Clock::now();
    const auto end =
        begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
    {
      std::vector<std::jthread> threads;
      threads.reserve(writers.size());
      for (bench::WriterLog& log : writers) threads.emplace_back([&] { write(*store, log, end); });
    }
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  const std::unique_ptr<rocksdb::DB> store = open(options);
  if (!store) return 1;
  return bench::report_writes(options, writers, seconds, [&](const std::string& key) -> std::optional<std::string> {
    std::string value;
    return store->Get({}, key, &value).ok() ? std::optional(std::move(value)) : std::nullopt;
  });
}
