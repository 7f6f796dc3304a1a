// crash_states: tries every state that a crash could have left, of a recording by the library in
// tests/process/interposer and the history of the clients beside it. Run by tests/process/power_loss.py.
#include "process/crash_states/walk.hpp"
#include "understudy/base/logging.hpp"

#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

int main(int argc, char** argv) {
  using namespace understudy::process_test;
  std::string recording;
  std::string history;
  std::string directory;
  WalkOptions options;
  CLI::App app("Tries every state that a crash could have left.");
  app.add_option("--recording", recording, "what the program did to its files")->required();
  app.add_option("--history", history, "what the clients did")->required();
  app.add_option("--directory", directory, "the data directory, to compare the recording with");
  app.add_option("--fates", options.fates, "crashes tried at each point")->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed, "what is drawn from it: the fate of what was not flushed");
  app.add_option("--threads", options.threads, "how many share the work")->check(CLI::PositiveNumber);
  app.add_option("--whole-store-every", options.whole_store_every,
                 "one state in so many is tried with the whole store; 0: none");
  app.add_option("--samples", options.samples, "about how many states to write out");
  app.add_option("--samples-to", options.samples_to, "the folder to write them to");
  app.add_option("--failure-to", options.failure_to, "the folder that a state which fails is written to");
  CLI11_PARSE(app, argc, argv);
  understudy::set_log_level(understudy::LogLevel::off);
  try {
    const RecordedEvents events(recording);
    const std::vector<Connection> clients = read_history(history);
    if (!directory.empty()) {
      if (const auto differs = compare_with(events.all(), directory)) {
        fmt::print(stderr, "the recording is not whole: {}\n", *differs);
        return 1;
      }
    }
    const WalkReport report = walk(events.all(), clients, options);
    if (report.failure) {
      fmt::print(stderr, "{}\n", *report.failure);
      return 1;
    }
    fmt::print(
        "{} crash points of {} calls, {} states ({} with a torn tail, {} with reserved room, {} with a snapshot, "
        "{} with the whole store), {} answered commands: nothing lost\n",
        report.points, events.all().size(), report.states, report.torn, report.with_room, report.with_snapshot,
        report.whole_stores, report.answered);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "crash_states: {}\n", error.what());
    return 2;
  }
}
