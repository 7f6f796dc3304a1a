// expect: constraints not satisfied|no viable constructor|deduction failed|constraint
#include "understudy/actor/router.hpp"

#include <string>

struct Job {
  int number;
};
struct Other {
  std::string name;
};

void route(understudy::System& system, const std::vector<understudy::Address<Job>>& targets) {
  const auto policy = understudy::route::by_key([](const Other& other) { return other.name; });
  const understudy::Router router(system, "router", understudy::route::in_caller, targets, policy);
}
