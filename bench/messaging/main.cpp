// Runs one workload once, and prints one line of JSON, which bench/run.py reads. The same program for Tokio and for CAF
// is in bench/peers; all take the same options.
#include "workload.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace {

/// Peak resident memory of this process in KiB (VmHWM), 0 if the system does not say.
std::uint64_t peak_rss_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  return 0;
}

void print(const bench::Workload& workload, const bench::Options& options, const bench::Outcome& outcome) {
  fmt::print(R"({{"workload":"{}","count":{},"size":{},"workers":{},"operations":{},"seconds":{:.6f},)", workload.name,
             options.count, options.size, options.workers, outcome.operations, outcome.seconds);
  fmt::print(R"("ns_per_operation":{:.2f},"peak_rss_kib":{},)",
             outcome.seconds * 1e9 / static_cast<double>(outcome.operations), peak_rss_kib());
  for (const auto& [name, value] : outcome.figures) fmt::print(R"("{}":{:.3f},)", name, value);
  fmt::print("\"check\":{}}}\n", outcome.check);
}

}  // namespace

int main(int argc, char** argv) {
  std::string name;
  bench::Options options;
  std::vector<std::string> names;
  for (const bench::Workload& each : bench::workloads()) names.emplace_back(each.name);
  CLI::App app("One workload of the benchmark of messaging");
  app.add_option("--workload", name, "which")->required()->check(CLI::IsMember(names));
  app.add_option("--count", options.count, "how much work; 0: the workload's own");
  app.add_option("--size", options.size, "how many take part; 0: the workload's own");
  app.add_option("--workers", options.workers, "worker threads")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  const auto all = bench::workloads();
  const auto found = std::ranges::find(all, name, &bench::Workload::name);
  if (options.count == 0) options.count = found->count;
  if (options.size == 0) options.size = found->size;
  const bench::Outcome outcome = found->run(options);
  print(*found, options, outcome);
  if (outcome.check == outcome.expected) return 0;
  fmt::print(stderr, "{}: the work came to {}, not {}\n", name, outcome.check, outcome.expected);
  return 1;
}
