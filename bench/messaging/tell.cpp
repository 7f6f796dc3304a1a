// A stream of tells into one bounded mailbox, by one sender or many at once (fan-in). A sender waits while it is full.
#include "workloads.hpp"

namespace bench {
namespace {

using SinkMessage = std::variant<Done, Total>;

us::Task<> sink(us::Mailbox<SinkMessage>& inbox) {
  std::int64_t sum = 0;
  while (auto message = co_await inbox.receive()) {
    if (auto* item = std::get_if<Done>(&*message)) {
      sum += item->value;
    } else {
      std::get<Total>(*message).reply(sum);
    }
  }
}

us::Task<> send(us::Address<SinkMessage> target, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const us::Result<void> sent = co_await target.tell<Done>(static_cast<std::int64_t>(i));
    if (!sent) co_return;  // The sum will be wrong.
  }
}

us::Task<std::int64_t> tell_all(us::System& system, us::Address<SinkMessage> target, std::uint64_t senders,
                                std::uint64_t each) {
  us::TaskGroup group(system);
  for (std::uint64_t i = 0; i < senders; ++i) group.spawn(send(target, each));
  co_await group.join();
  const us::Result<std::int64_t> sum = co_await target.ask<Total>();
  co_return value_or_wrong(sum);
}

}  // namespace

Outcome run_tell(const Options& options) {
  us::System system({.workers = options.workers});
  const us::Address<SinkMessage> target = system.spawn("sink", sink, {.capacity = 100});
  const std::uint64_t each = options.count / options.size;
  const Stopwatch watch;
  const us::Result<std::int64_t> sum = us::wait(system, tell_all(system, target, options.size, each));
  return outcome_of(each * options.size, watch, sum, static_cast<std::int64_t>(options.size) * sum_below(each));
}

}  // namespace bench
