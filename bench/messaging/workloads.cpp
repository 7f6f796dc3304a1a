#include "workloads.hpp"

#include "workload.hpp"

#include <array>

namespace bench {

std::span<const Workload> workloads() noexcept {
  static constexpr std::array table = {
      // name, function, count, size
      Workload{"ask", run_ask, 2'000'000, 1},                  // asks, -
      Workload{"tell", run_tell, 5'000'000, 1},                // tells, senders
      Workload{"spawn", run_spawn, 500'000, 1},                // actors one after the other, -
      Workload{"idle-memory", run_idle_memory, 1, 1'000'000},  // -, actors
      Workload{"idle-cpu", run_idle_cpu, 10'000, 1'000'000},   // milliseconds, actors
      Workload{"growth", run_growth, 1'000'000, 1'000'000},    // asks, actors
      Workload{"shutdown", run_shutdown, 1, 10'000},           // -, actors
  };
  return table;
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
