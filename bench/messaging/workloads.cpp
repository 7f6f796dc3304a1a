#include "workloads.hpp"

#include "workload.hpp"

#include <array>

namespace bench {

std::span<const Workload> workloads() noexcept {
  static constexpr std::array table = {
      // name, function, what count and size are unless told otherwise
      Workload{"ask", run_ask, 2'000'000, 1},                                  // asks, -
      Workload{"tell", run_tell, 5'000'000, 1},                                // tells, senders
      Workload{"spawn", run_spawn, 500'000, 1},                                // actors one after the other, -
      Workload{"idle-memory", run_idle_memory, 1, 1'000'000},                  // -, actors
      Workload{"idle-cpu", run_idle_cpu, 10'000, 1'000'000},                   // milliseconds, actors
      Workload{"growth", run_growth, 1'000'000, 1'000'000},                    // asks, actors
      Workload{"shutdown", run_shutdown, 1, 10'000},                           // -, actors
      Workload{"skynet-tasks", run_skynet_tasks, 1'000'000, 1},                // leaves, -
      Workload{"skynet-actors", run_skynet_actors, 1'000'000, 1},              // leaves, -
      Workload{"ping-pong", run_ping_pong, 1'000'000, 1},                      // rounds, -
      Workload{"thread-ring", run_ring, 100'000, 100},                         // hops, actors
      Workload{"fork-join-throughput", run_fork_join_throughput, 10'000, 60},  // messages each, actors
      Workload{"fork-join-create", run_fork_join_create, 40'000, 1},           // actors, -
      Workload{"chameneos", run_chameneos, 200'000, 100},                      // meetings, creatures
      Workload{"big", run_big, 20'000, 120},                                   // pings each, actors
      Workload{"concurrent-dictionary", run_dictionary, 10'000, 20},           // requests each, workers
      Workload{"bounded-buffer", run_bounded_buffer, 1'000, 40},               // items each, producers (and consumers)
      Workload{"dining-philosophers", run_philosophers, 10'000, 20},           // meals each, philosophers
      Workload{"latency-load", run_latency_load, 10'000, 8},                   // asks, busy actors
      Workload{"latency-full", run_latency_full, 10'000, 4},                   // asks, senders
      Workload{"fairness", run_fairness, 10'000, 64},                          // asks, senders
  };
  return table;
}

Outcome outcome_of(std::uint64_t operations, const Stopwatch& watch, const us::Result<std::int64_t>& check,
                   std::int64_t expected) {
  return {.operations = operations,
          .seconds = watch.seconds(),
          .check = value_or_wrong(check),
          .expected = expected,
          .figures = {}};
}

us::Task<> collector(us::Mailbox<CollectorMessage>& inbox, std::uint64_t parts) {
  std::int64_t sum = 0;
  us::Reply<std::int64_t> asker;
  while (auto message = co_await inbox.receive()) {
    if (auto* total = std::get_if<Total>(&*message)) {
      asker = std::move(total->reply);
    } else {
      sum += std::get<Done>(*message).value;
      --parts;
    }
    if (parts == 0 && asker) asker(sum);
  }
}

}  // namespace bench
