// One piece of `bench durability`, once; prints one line of JSON, which bench/run.py reads. The stores that ours is
// measured beside, in process, are in bench/peers.
#include "workloads.hpp"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
  CLI::App app("One piece of the benchmark of durability");
  app.require_subcommand(1);

  bench::WriteOptions writes;
  std::uint32_t workers = 2;
  bool no_flush = false;
  CLI::App* write = app.add_subcommand("write", "writers in process, each write flushed before the next");
  bench::add_write_options(*write, writes);
  write->add_option("--workers", workers, "worker threads")->check(CLI::PositiveNumber);
  write->add_flag("--no-flush", no_flush, "acknowledge what is written but not flushed: shows what the flush costs");

  bench::FloorOptions floor;
  CLI::App* flush = app.add_subcommand("floor", "an append and a flush after the other, nothing else");
  flush->add_option("--directory", floor.directory, "on the disk that is measured")->required();
  flush->add_option("--count", floor.count, "how many")->check(CLI::PositiveNumber);
  flush->add_option("--bytes", floor.bytes, "appended before each flush")->check(CLI::PositiveNumber);

  bench::LoadOptions load;
  CLI::App* client =
      app.add_subcommand("load", "clients of a server; phases are named on standard input, `end` ends it");
  client->add_option("--port", load.port, "where it listens, on 127.0.0.1")->required();
  client->add_option("--connections", load.connections, "how many")->check(CLI::PositiveNumber);
  client->add_option("--pipeline", load.pipeline, "requests each has under way")->check(CLI::PositiveNumber);
  client->add_option("--keys", load.keys, "how many there are")->check(CLI::PositiveNumber);
  client->add_option("--value-bytes", load.value_bytes, "of each value")->check(CLI::PositiveNumber);
  client->add_option("--probe-us", load.probe_us, "one more connection sets a key every so often; 0: none");
  client->add_flag("--fill", load.fill, "set each key once, in order, and end");
  CLI11_PARSE(app, argc, argv);

  if (write->parsed()) return bench::run_writes(writes, workers, !no_flush);
  if (flush->parsed()) return bench::run_floor(floor);
  return bench::run_load(load);
}
