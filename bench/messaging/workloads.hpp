// The functions behind the table of workloads.cpp: what each does is said where it is defined.
#pragma once

#include "workload.hpp"

namespace bench {

Outcome run_ask(const Options& options);
Outcome run_tell(const Options& options);
Outcome run_spawn(const Options& options);
Outcome run_idle_memory(const Options& options);
Outcome run_idle_cpu(const Options& options);
Outcome run_growth(const Options& options);
Outcome run_shutdown(const Options& options);
Outcome run_skynet_tasks(const Options& options);
Outcome run_skynet_actors(const Options& options);
Outcome run_ring(const Options& options);
Outcome run_ping_pong(const Options& options);
Outcome run_fork_join_throughput(const Options& options);
Outcome run_fork_join_create(const Options& options);
Outcome run_chameneos(const Options& options);
Outcome run_big(const Options& options);
Outcome run_dictionary(const Options& options);
Outcome run_bounded_buffer(const Options& options);
Outcome run_philosophers(const Options& options);
Outcome run_latency_load(const Options& options);
Outcome run_latency_full(const Options& options);
Outcome run_fairness(const Options& options);

}  // namespace bench
