// Savina's fork-join: messages to many actors in turn (throughput), and many actors for one message each (create). Each
// message is a little arithmetic.
#include "workloads.hpp"

#include <cmath>

namespace bench {
namespace {

struct Work {
  double angle;
};

double compute(double angle) {
  const double sine = std::sin(angle);
  return sine * sine;
}

/// Ends after `messages`, and says how many of them had a result that can be right.
us::Task<> throughput_worker(us::Mailbox<Work>& inbox, std::uint64_t messages, us::Address<CollectorMessage> result) {
  std::int64_t right = 0;
  for (std::uint64_t i = 0; i < messages; ++i) {
    const std::optional<Work> work = co_await inbox.receive();
    if (!work) co_return;
    if (compute(work->angle) > 0) ++right;
  }
  static_cast<void>(co_await result.tell<Done>(right));
}

us::Task<> send_all(std::vector<us::Address<Work>> workers, std::uint64_t messages) {
  for (std::uint64_t i = 0; i < messages; ++i) {
    for (const us::Address<Work>& worker : workers) static_cast<void>(co_await worker.tell<Work>(37.2));
  }
}

us::Task<> create_all(us::System& system, std::uint64_t count, us::Address<CollectorMessage> result) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const us::Address<Work> worker = system.spawn("worker", throughput_worker, {}, std::uint64_t{1}, result);
    static_cast<void>(co_await worker.tell<Work>(37.2));
  }
}

}  // namespace

Outcome run_fork_join_throughput(const Options& options) {
  us::System system({.workers = options.workers});
  const us::Address<CollectorMessage> result = system.spawn("result", collector, {}, options.size);
  std::vector<us::Address<Work>> workers;
  for (std::uint64_t i = 0; i < options.size; ++i) {
    workers.push_back(system.spawn("worker", throughput_worker, {}, options.count, result));
  }
  const Stopwatch watch;
  system.start(send_all(workers, options.count));
  const us::Result<std::int64_t> right = us::wait(system, result.ask<Total>());
  const std::uint64_t messages = options.count * options.size;
  return outcome_of(messages, watch, right, static_cast<std::int64_t>(messages));
}

Outcome run_fork_join_create(const Options& options) {
  us::System system({.workers = options.workers});
  const us::Address<CollectorMessage> result = system.spawn("result", collector, {}, options.count);
  const Stopwatch watch;
  system.start(create_all(system, options.count, result));
  const us::Result<std::int64_t> right = us::wait(system, result.ask<Total>());
  return outcome_of(options.count, watch, right, static_cast<std::int64_t>(options.count));
}

}  // namespace bench
