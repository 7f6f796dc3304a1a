// The chapter's experiment: N tasks, all spawned at once, each making one request to one shared counter. Ours; the same
// program for Tokio is bench/peers/tokio. Prints one line of JSON, which bench/run.py reads.
#include "forms.hpp"

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

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

}  // namespace

int main(int argc, char** argv) {
  std::string form = "actor";
  std::uint64_t tasks = 1'000'000;
  std::uint32_t workers = 0;
  CLI::App app("The chapter's actors-against-mutexes experiment");
  app.add_option("--form", form,
                 "actor, actor-now (each task runs before the next is spawned), mutex or mutex-detached")
      ->check(CLI::IsMember({"actor", "actor-now", "mutex", "mutex-detached"}));
  app.add_option("--tasks", tasks, "how many tasks")->check(CLI::PositiveNumber);
  app.add_option("--workers", workers, "worker threads; 0: one for each processor");
  CLI11_PARSE(app, argc, argv);

  const bench::Outcome outcome = bench::run_form(form, tasks, workers);
  const auto expected = static_cast<std::int64_t>(tasks * (tasks - 1) / 2);
  fmt::print(R"({{"form":"{}","tasks":{},"seconds":{:.6f},"ns_per_task":{:.1f},"peak_rss_kib":{},"total":{}}})"
             "\n",
             form, tasks, outcome.seconds, outcome.seconds * 1e9 / static_cast<double>(tasks), peak_rss_kib(),
             outcome.total);
  if (outcome.total == expected) return 0;
  fmt::print(stderr, "the total is {}, not {}: a request was lost or counted twice\n", outcome.total, expected);
  return 1;
}
