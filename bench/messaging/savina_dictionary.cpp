// Savina's concurrent dictionary: `size` workers ask one dictionary, `count` requests each, one in ten a write. The
// dictionary is an array over the range of keys, so that this is about messages, not about the languages' hash tables.
#include "workloads.hpp"

namespace bench {
namespace {

constexpr std::uint64_t keys = 524'288;
constexpr std::uint64_t write_percentage = 10;

struct Read {
  std::uint64_t key;
  us::Reply<std::int64_t> reply;
};
struct Write {
  std::uint64_t key;
  std::int64_t value;
  us::Reply<std::int64_t> reply;
};
using DictionaryMessage = std::variant<Read, Write>;

us::Task<> dictionary(us::Mailbox<DictionaryMessage>& inbox) {
  std::vector<std::int64_t> values(keys);
  for (std::uint64_t key = 0; key < keys; ++key) values[key] = static_cast<std::int64_t>(key);
  while (auto message = co_await inbox.receive()) {
    if (auto* read = std::get_if<Read>(&*message)) {
      read->reply(values[read->key]);
    } else {
      auto& write = std::get<Write>(*message);
      values[write.key] = write.value;
      write.reply(write.value);
    }
  }
}

us::Task<> worker(us::Address<DictionaryMessage> target, std::uint64_t place, std::uint64_t requests,
                  std::int64_t& answered) {
  Numbers numbers(place);
  for (std::uint64_t i = 0; i < requests; ++i) {
    const bool write = numbers.next() % 100 < write_percentage;
    const std::uint64_t key = numbers.next() % keys;
    if (write) {
      const us::Result<std::int64_t> answer = co_await target.ask<Write>(key, static_cast<std::int64_t>(i));
      if (answer == static_cast<std::int64_t>(i)) ++answered;
    } else {
      const us::Result<std::int64_t> answer = co_await target.ask<Read>(key);
      if (answer) ++answered;
    }
  }
}

us::Task<std::int64_t> run_workers(us::System& system, us::Address<DictionaryMessage> target, std::uint64_t workers,
                                   std::uint64_t requests) {
  std::vector<std::int64_t> answered(workers);
  us::TaskGroup group(system);
  for (std::uint64_t i = 0; i < workers; ++i) group.spawn(worker(target, i, requests, answered[i]));
  co_await group.join();
  std::int64_t sum = 0;
  for (const std::int64_t each : answered) sum += each;
  co_return sum;
}

}  // namespace

Outcome run_dictionary(const Options& options) {
  us::System system({.workers = options.workers});
  const us::Address<DictionaryMessage> target = system.spawn("dictionary", dictionary);
  static_cast<void>(us::wait(system, target.ask<Read>(std::uint64_t{0})));  // It is filled now.
  const Stopwatch watch;
  const us::Result<std::int64_t> sum = us::wait(system, run_workers(system, target, options.size, options.count));
  const std::uint64_t all = options.count * options.size;
  return outcome_of(all, watch, sum, static_cast<std::int64_t>(all));
}

}  // namespace bench
