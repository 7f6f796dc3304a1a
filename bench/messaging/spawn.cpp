// Actors that live for one message: spawned, asked once, ended; one after the other.
#include "workloads.hpp"

namespace bench {
namespace {

us::Task<> once(us::Mailbox<Add>& inbox) {
  auto add = co_await inbox.receive();
  if (add) add->reply(add->value);
}

us::Task<std::int64_t> spawn_all(us::System& system, std::uint64_t count) {
  std::int64_t sum = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const us::Address<Add> actor = system.spawn("once", once);
    const us::Result<std::int64_t> value = co_await actor.ask<Add>(static_cast<std::int64_t>(i));
    sum += value_or_wrong(value);
  }
  co_return sum;
}

}  // namespace

Outcome run_spawn(const Options& options) {
  us::System system({.workers = options.workers});
  const Stopwatch watch;
  const us::Result<std::int64_t> sum = us::wait(system, spawn_all(system, options.count));
  return outcome_of(options.count, watch, sum, sum_below(options.count));
}

}  // namespace bench
