// Savina's bounded buffer: `size` producers and as many consumers around a manager that holds up to 50 items; each
// producer makes `count` items, and making and using one costs 2,500 logarithms.
#include "workloads.hpp"

#include <cmath>
#include <deque>

namespace bench {
namespace {

constexpr std::uint64_t buffer_size = 50;
constexpr std::uint32_t cost = 25;

struct Produce {};
struct Item {
  double value;
};
struct Made {  // To the manager.
  std::uint32_t producer;
  double value;
};
struct Free {  // To the manager: this consumer waits for an item.
  std::uint32_t consumer;
};
struct Finished {};  // To the manager: a producer has made all of its items.
using ManagerMessage = std::variant<Made, Free, Finished>;

struct Market {
  us::Address<ManagerMessage> manager;
  std::vector<us::Address<Produce>> producers;
  std::vector<us::Address<Item>> consumers;
  us::Address<CollectorMessage> result;
};

double process(double value) {
  Numbers numbers(cost);
  for (std::uint32_t i = 0; i < cost * 100; ++i) {
    value += std::log(static_cast<double>(numbers.next()) / 2'147'483'648.0 + 0.01);
  }
  return value;
}

us::Task<> producer(us::Mailbox<Produce>& inbox, std::uint32_t self, std::uint64_t items, const Market* market) {
  double last = 0;
  for (std::uint64_t made = 0; made < items; ++made) {
    const std::optional<Produce> wanted = co_await inbox.receive();
    if (!wanted) co_return;
    last = process(last);
    static_cast<void>(co_await market->manager.tell<Made>(self, last));
  }
  const std::optional<Produce> wanted = co_await inbox.receive();
  if (wanted) static_cast<void>(co_await market->manager.tell<Finished>());
}

us::Task<> consumer(us::Mailbox<Item>& inbox, std::uint32_t self, const Market* market) {
  double last = 0;
  while (auto item = co_await inbox.receive()) {
    last = process(last + item->value);
    static_cast<void>(co_await market->manager.tell<Free>(self));
  }
}

/// The manager's books; what it has to send is worked out here, and sent by the caller.
struct Books {
  std::deque<std::uint32_t> idle_consumers;
  std::deque<std::uint32_t> held_producers;
  std::deque<double> items;
};

us::Task<> manager(us::Mailbox<ManagerMessage>& inbox, const Market* market) {
  Books books;
  const std::uint64_t parties = market->producers.size();
  const std::uint64_t room = buffer_size > parties ? buffer_size - parties : 1;
  std::uint64_t finished = 0;
  std::int64_t handed_out = 0;
  for (std::uint32_t i = 0; i < parties; ++i) books.idle_consumers.push_back(i);
  for (const us::Address<Produce>& each : market->producers) static_cast<void>(co_await each.tell<Produce>());
  while (auto message = co_await inbox.receive()) {
    if (const auto* made = std::get_if<Made>(&*message)) {
      books.items.push_back(made->value);
      books.held_producers.push_back(made->producer);
    } else if (const auto* free = std::get_if<Free>(&*message)) {
      books.idle_consumers.push_back(free->consumer);
    } else {
      ++finished;
    }
    if (!books.items.empty() && !books.idle_consumers.empty()) {
      const us::Address<Item>& target = market->consumers[books.idle_consumers.front()];
      const double value = books.items.front();
      books.idle_consumers.pop_front();
      books.items.pop_front();
      ++handed_out;
      static_cast<void>(co_await target.tell<Item>(value));
    }
    if (books.items.size() < room && !books.held_producers.empty()) {
      const us::Address<Produce>& target = market->producers[books.held_producers.front()];
      books.held_producers.pop_front();
      static_cast<void>(co_await target.tell<Produce>());
    }
    if (finished == parties && books.idle_consumers.size() == parties) {
      static_cast<void>(co_await market->result.tell<Done>(handed_out));
    }
  }
}

}  // namespace

Outcome run_bounded_buffer(const Options& options) {
  Market market;
  us::System system({.workers = options.workers});
  market.result = system.spawn("result", collector, {}, std::uint64_t{1});
  for (std::uint32_t i = 0; i < options.size; ++i) {
    market.producers.push_back(system.spawn("producer", producer, {}, i, options.count, &market));
    market.consumers.push_back(system.spawn("consumer", consumer, {}, i, &market));
  }
  const us::SpawnOptions roomy{.capacity = static_cast<std::uint32_t>(options.size) * 2 + 2};  // None ever waits.
  const Stopwatch watch;
  market.manager = system.spawn("manager", manager, roomy, &market);
  const us::Result<std::int64_t> items = us::wait(system, market.result.ask<Total>());
  const std::uint64_t all = options.count * options.size;
  return outcome_of(all, watch, items, static_cast<std::int64_t>(all));
}

}  // namespace bench
