// Savina's ping-pong and thread ring: one message on its way between actors. (Its counting is the workload `tell`.)
#include "workloads.hpp"

namespace bench {
namespace {

struct Token {
  std::uint64_t hops_left;
};

/// Passes the token on; the one that gets it with no hops left says who it is.
us::Task<> ring_member(us::Mailbox<Token>& inbox, std::int64_t place, const std::vector<us::Address<Token>>* ring,
                       us::Address<CollectorMessage> result) {
  while (auto token = co_await inbox.receive()) {
    if (token->hops_left == 0) {
      static_cast<void>(co_await result.tell<Done>(place));
      continue;
    }
    const us::Address<Token>& next = (*ring)[(static_cast<std::size_t>(place) + 1) % ring->size()];
    static_cast<void>(co_await next.tell<Token>(token->hops_left - 1));
  }
}

}  // namespace

Outcome run_ring(const Options& options) {
  std::vector<us::Address<Token>> ring;
  us::System system({.workers = options.workers});
  const us::Address<CollectorMessage> result = system.spawn("result", collector, {}, std::uint64_t{1});
  for (std::uint64_t i = 0; i < options.size; ++i) {
    ring.push_back(system.spawn("member", ring_member, {}, static_cast<std::int64_t>(i), &ring, result));
  }
  const Stopwatch watch;
  static_cast<void>(ring[0].try_tell(Token{options.count}));
  const us::Result<std::int64_t> last = us::wait(system, result.ask<Total>());
  return outcome_of(options.count, watch, last, static_cast<std::int64_t>(options.count % options.size));
}

/// A ring of two in which each round is two hops.
Outcome run_ping_pong(const Options& options) {
  Options ring = options;
  ring.count = options.count * 2;
  ring.size = 2;
  Outcome outcome = run_ring(ring);
  outcome.operations = options.count;
  return outcome;
}

}  // namespace bench
