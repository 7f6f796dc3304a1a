#include "understudy/actor/pool.hpp"

#include <string>

understudy::Task<> worker(understudy::Mailbox<int>&, std::string) { co_return; }

void start(understudy::System& system) { const understudy::Pool pool(system, "pool", worker, {}, "five"); }
