// A load of commands at a given rate, whatever the server does: no answer is waited for, so that all see a pause of the
// server that are sent meanwhile. Prints one line of JSON, which bench/run.py reads.
#include "open_loop.hpp"

#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

int main(int argc, char** argv) {
  bench::OpenLoopOptions options;
  CLI::App app("Commands at a given rate, and how long their answers take");
  app.add_option("--port", options.port, "of a server on this machine")->required();
  app.add_option("--command", options.command, "get or set")->check(CLI::IsMember({"get", "set"}));
  app.add_option("--connections", options.connections, "how many")->check(CLI::PositiveNumber);
  app.add_option("--rate", options.rate, "commands a second, over all connections")->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "how long")->check(CLI::PositiveNumber);
  app.add_option("--keys", options.keys, "keys to choose from")->check(CLI::PositiveNumber);
  app.add_option("--value-bytes", options.value_bytes, "length of a value");
  CLI11_PARSE(app, argc, argv);
  try {
    const bench::OpenLoopResult result = bench::run_open_loop(options);
    fmt::print(R"({{"sent":{},"answered":{},"rate":{:.1f},"p50_us":{:.1f},"p95_us":{:.1f},"p99_us":{:.1f},)"
               R"("p999_us":{:.1f},"worst_us":{:.1f},"due_p99_us":{:.1f},"late_p99_us":{:.1f}}})"
               "\n",
               result.sent, result.answered, result.rate, result.p50_us, result.p95_us, result.p99_us, result.p999_us,
               result.worst_us, result.due_p99_us, result.late_p99_us);
    if (result.answered == result.sent) return 0;
    fmt::print(stderr, "{} of {} commands were not answered\n", result.sent - result.answered, result.sent);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
  }
  return 1;
}
