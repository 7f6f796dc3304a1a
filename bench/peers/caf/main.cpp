// The workloads of `bench messaging` on CAF.
//
//     caf-messaging --workload NAME [--count N] [--size M] [--workers K]
//
// Prints one line of JSON. Exits with 1 if the work did not come to what it must, 2 on wrong usage.
#include "workload.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace {

const std::vector<bench::Workload>& workloads() {
  static const std::vector<bench::Workload> table = {
      {"ask", bench::run_ask, 2'000'000, 1},
      {"tell", bench::run_tell, 5'000'000, 1},
      {"spawn", bench::run_spawn, 500'000, 1},
      {"chapter", bench::run_chapter, 1'000'000, 1},
      {"idle-memory", bench::run_idle_memory, 1, 1'000'000},
      {"idle-cpu", bench::run_idle_cpu, 10'000, 1'000'000},
      {"growth", bench::run_growth, 1'000'000, 1'000'000},
      {"skynet-actors", bench::run_skynet_actors, 1'000'000, 1},
      {"ping-pong", bench::run_ping_pong, 1'000'000, 1},
      {"thread-ring", bench::run_ring, 100'000, 100},
      {"fork-join-throughput", bench::run_fork_join_throughput, 10'000, 60},
      {"fork-join-create", bench::run_fork_join_create, 40'000, 1},
      {"chameneos", bench::run_chameneos, 200'000, 100},
      {"big", bench::run_big, 20'000, 120},
      {"concurrent-dictionary", bench::run_dictionary, 10'000, 20},
      {"bounded-buffer", bench::run_bounded_buffer, 1'000, 40},
      {"dining-philosophers", bench::run_philosophers, 10'000, 20},
      {"latency-load", bench::run_latency_load, 10'000, 8},
  };
  return table;
}

std::string peak_rss_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::to_string(std::stoull(line.substr(6)));
  }
  return "0";
}

const bench::Workload* parse(int argc, char** argv, bench::Options& options) {
  std::string name;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--workload") {
      name = argv[i + 1];
      continue;
    }
    const std::uint64_t value = std::stoull(argv[i + 1]);
    if (option == "--count") {
      options.count = value;
    } else if (option == "--size") {
      options.size = value;
    } else if (option == "--workers") {
      options.workers = static_cast<std::uint32_t>(std::max<std::uint64_t>(value, 1));
    } else {
      throw std::invalid_argument("unknown option " + option);
    }
  }
  const auto& all = workloads();
  const auto found = std::find_if(all.begin(), all.end(), [&name](const auto& each) { return each.name == name; });
  if (found == all.end()) throw std::invalid_argument("no workload '" + name + "'");
  if (options.count == 0) options.count = found->count;
  if (options.size == 0) options.size = found->size;
  return &*found;
}

void print(const bench::Workload& workload, const bench::Options& options, const bench::Outcome& outcome) {
  std::cout << std::fixed << R"({"workload":")" << workload.name << R"(","count":)" << options.count << R"(,"size":)"
            << options.size << R"(,"workers":)" << options.workers << R"(,"operations":)" << outcome.operations
            << R"(,"seconds":)" << outcome.seconds << R"(,"ns_per_operation":)"
            << outcome.seconds * 1e9 / static_cast<double>(outcome.operations) << R"(,"peak_rss_kib":)"
            << peak_rss_kib();
  for (const auto& figure : outcome.figures) std::cout << ",\"" << figure.first << "\":" << figure.second;
  std::cout << R"(,"check":)" << outcome.check << "}" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Options options;
  const bench::Workload* workload = nullptr;
  try {
    workload = parse(argc, argv, options);
  } catch (const std::exception& problem) {
    std::cerr << "caf-messaging: " << problem.what() << std::endl;
    return 2;
  }
  caf::actor_system_config config;
  config.set("scheduler.max-threads", static_cast<std::size_t>(options.workers));
  // A turn ends after that many messages where one actor keeps itself busy; elsewhere CAF's own setting, no limit,
  // stays.
  if (workload->name == "latency-load") config.set("scheduler.max-throughput", std::size_t{128});
  caf::actor_system system(config);
  const bench::Outcome outcome = workload->run(system, options);
  print(*workload, options, outcome);
  if (outcome.check == outcome.expected) return 0;
  std::cerr << workload->name << ": the work came to " << outcome.check << ", not " << outcome.expected << std::endl;
  return 1;
}
