// Savina's big: each of `size` actors sends `count` pings to others chosen at random, each after the answer to the one
// before, and answers the pings that it gets.
#include "workloads.hpp"

namespace bench {
namespace {

struct Ping {
  std::uint32_t from;
};
struct Pong {};
using BigMessage = std::variant<Ping, Pong>;

struct Crowd {
  std::vector<us::Address<BigMessage>> members;
  us::Address<CollectorMessage> result;
};

us::Task<> member(us::Mailbox<BigMessage>& inbox, std::uint32_t self, std::uint64_t pings, const Crowd* crowd) {
  Numbers numbers(self);
  std::uint64_t sent = 0;
  while (auto message = co_await inbox.receive()) {
    if (const auto* ping = std::get_if<Ping>(&*message)) {
      static_cast<void>(co_await crowd->members[ping->from].tell<Pong>());
    } else if (sent == pings) {  // A Pong, as also the message that begins it all is.
      static_cast<void>(co_await crowd->result.tell<Done>(static_cast<std::int64_t>(sent)));
    } else {
      ++sent;
      const us::Address<BigMessage>& target = crowd->members[numbers.next() % crowd->members.size()];
      static_cast<void>(co_await target.tell<Ping>(self));
    }
  }
}

}  // namespace

Outcome run_big(const Options& options) {
  Crowd crowd;
  us::System system({.workers = options.workers});
  crowd.result = system.spawn("result", collector, {}, options.size);
  const us::SpawnOptions roomy{.capacity = static_cast<std::uint32_t>(options.size) * 2 + 2};  // None ever waits.
  for (std::uint64_t i = 0; i < options.size; ++i) {
    crowd.members.push_back(
        system.spawn("member", member, roomy, static_cast<std::uint32_t>(i), options.count, &crowd));
  }
  const Stopwatch watch;
  for (const us::Address<BigMessage>& each : crowd.members) static_cast<void>(each.try_tell(Pong{}));
  const us::Result<std::int64_t> pings = us::wait(system, crowd.result.ask<Total>());
  const std::uint64_t all = options.count * options.size;
  return outcome_of(all, watch, pings, static_cast<std::int64_t>(all));
}

}  // namespace bench
