// One asker, one actor: each request waits for the answer to the one before.
#include "workloads.hpp"

namespace bench {
namespace {

us::Task<> counter(us::Mailbox<Add>& inbox) {
  std::int64_t total = 0;
  while (auto add = co_await inbox.receive()) {
    total += add->value;
    add->reply(total);
  }
}

us::Task<std::int64_t> ask_all(const us::Address<Add>& target, std::uint64_t count) {
  std::int64_t last = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const us::Result<std::int64_t> total = co_await target.ask<Add>(static_cast<std::int64_t>(i));
    last = value_or_wrong(total);
  }
  co_return last;
}

}  // namespace

Outcome run_ask(const Options& options) {
  us::System system({.workers = options.workers});
  const us::Address<Add> target = system.spawn("counter", counter);
  const Stopwatch watch;
  const us::Result<std::int64_t> last = us::wait(system, ask_all(target, options.count));
  return outcome_of(options.count, watch, last, sum_below(options.count));
}

}  // namespace bench
