// Savina's dining philosophers: `size` philosophers ask an arbitrator for two forks, again and again until they get
// them, and eat `count` times each.
#include "workloads.hpp"

namespace bench {
namespace {

struct Hungry {
  std::uint32_t philosopher;
};
struct Sated {
  std::uint32_t philosopher;
};
using ArbitratorMessage = std::variant<Hungry, Sated>;
enum class Say : std::uint8_t { begin, eat, denied };

struct Table {
  us::Address<ArbitratorMessage> arbitrator;
  std::vector<us::Address<Say>> philosophers;
  us::Address<CollectorMessage> result;
};

us::Task<> arbitrator(us::Mailbox<ArbitratorMessage>& inbox, std::uint64_t seats, const Table* table) {
  std::vector<bool> taken(seats);
  while (auto message = co_await inbox.receive()) {
    if (const auto* hungry = std::get_if<Hungry>(&*message)) {
      const std::uint32_t left = hungry->philosopher;
      const std::uint64_t right = (left + 1) % seats;
      const bool denied = taken[left] || taken[right];
      if (!denied) taken[left] = taken[right] = true;
      static_cast<void>(co_await table->philosophers[left].tell<Say>(denied ? Say::denied : Say::eat));
    } else {
      const std::uint32_t left = std::get<Sated>(*message).philosopher;
      taken[left] = taken[(left + 1) % seats] = false;
    }
  }
}

us::Task<> philosopher(us::Mailbox<Say>& inbox, std::uint32_t self, std::uint64_t meals, const Table* table) {
  const us::Address<Say> own = inbox.address();
  std::uint64_t eaten = 0;
  while (auto said = co_await inbox.receive()) {
    if (*said != Say::eat) {
      static_cast<void>(co_await table->arbitrator.tell<Hungry>(self));
      continue;
    }
    ++eaten;
    static_cast<void>(co_await table->arbitrator.tell<Sated>(self));
    if (eaten == meals) break;
    static_cast<void>(co_await own.tell<Say>(Say::begin));
  }
  static_cast<void>(co_await table->result.tell<Done>(static_cast<std::int64_t>(eaten)));
}

}  // namespace

Outcome run_philosophers(const Options& options) {
  Table table;
  us::System system({.workers = options.workers});
  table.result = system.spawn("result", collector, {}, options.size);
  const us::SpawnOptions roomy{.capacity = static_cast<std::uint32_t>(options.size) * 2 + 2};  // None ever waits.
  table.arbitrator = system.spawn("arbitrator", arbitrator, roomy, options.size, &table);
  for (std::uint32_t i = 0; i < options.size; ++i) {
    table.philosophers.push_back(system.spawn("philosopher", philosopher, {}, i, options.count, &table));
  }
  const Stopwatch watch;
  for (const us::Address<Say>& each : table.philosophers) static_cast<void>(each.try_tell(Say::begin));
  const us::Result<std::int64_t> meals = us::wait(system, table.result.ask<Total>());
  const std::uint64_t all = options.count * options.size;
  return outcome_of(all, watch, meals, static_cast<std::int64_t>(all));
}

}  // namespace bench
