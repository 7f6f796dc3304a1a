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

}  // namespace bench
