#include "understudy/actor/router.hpp"

#include <string>

struct Job {
  int number;
};
struct Other {
  std::string name;
};

void route(understudy::System& system, const std::vector<understudy::Address<Job>>& targets) {
  const auto policy = understudy::route::by_key([](const Job& job) { return job.number; });
  const understudy::Router router(system, "router", understudy::route::in_caller, targets, policy);
}
