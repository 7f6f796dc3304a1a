#include "understudy/actor/on_demand.hpp"

#include <string>

understudy::Task<> session(understudy::Mailbox<int>&, std::string) { co_return; }

void start(understudy::System& system) {
  const understudy::OnDemand<std::string, int> all(system, "sessions", session);
}
