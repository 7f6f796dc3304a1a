// Lets one actor fail in one way, again and again, and prints one line of JSON, which bench/run.py reads.
#include "fault.hpp"
#include "storm.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace {

double percentile(std::vector<double> samples, double share) {
  if (samples.empty()) return 0;
  std::ranges::sort(samples);
  return samples[static_cast<std::size_t>(static_cast<double>(samples.size() - 1) * share)];
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, bench::Kind> kinds{{"crashed", bench::Kind::crashed},
                                                 {"stuck", bench::Kind::stuck},
                                                 {"deadlock", bench::Kind::deadlock},
                                                 {"spinning", bench::Kind::spinning},
                                                 {"blocked", bench::Kind::blocked}};
  bench::Options options;
  std::string kind = "crashed";
  std::uint32_t cutoff_ms = 500;
  bool storm = false;
  CLI::App app("One kind of failure, noticed and repaired");
  app.add_flag("--storm", storm, "instead: a child that dies at once, until it is given up");
  app.add_option("--kind", kind, "how the actor fails")->check(CLI::IsMember(kinds));
  app.add_option("--repetitions", options.repetitions, "how often")->check(CLI::PositiveNumber);
  app.add_option("--neighbours", options.neighbours, "actors beside it")->check(CLI::PositiveNumber);
  app.add_option("--cutoff-ms", cutoff_ms, "the supervisor's cutoff")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  options.kind = kinds.at(kind);
  options.cutoff = std::chrono::milliseconds(cutoff_ms);

  understudy::set_log_level(understudy::LogLevel::off);
  if (storm) {
    const bench::Storm figures = bench::run_storm();
    fmt::print("{{\"failures\":{},\"escalations\":{},\"wall_s\":{:.3f},\"cpu_percent\":{:.3f}}}\n", figures.failures,
               figures.escalations, figures.wall_s, figures.cpu_percent);
    return figures.escalations == 1 ? 0 : 1;
  }
  const bench::Figures figures = bench::run(options);
  fmt::print(R"({{"kind":"{}","repetitions":{},"cutoff_ms":{},"late_ms_p50":{:.3f},"late_ms_p99":{:.3f},)", kind,
             figures.late_ms.size(), cutoff_ms, percentile(figures.late_ms, 0.5), percentile(figures.late_ms, 0.99));
  fmt::print(R"("late_ms_max":{:.3f},"neighbour_us_p50":{:.1f},"neighbour_us_p99":{:.1f},)",
             percentile(figures.late_ms, 1), percentile(figures.neighbour_us, 0.5),
             percentile(figures.neighbour_us, 0.99));
  fmt::print("\"lost\":{},\"out_of_order\":{},\"wrong_errors\":{}}}\n", figures.lost, figures.out_of_order,
             figures.wrong_errors);
  return figures.lost + figures.out_of_order + figures.wrong_errors == 0 ? 0 : 1;
}
