// expect: no matching (member )?function.*spawn|constraints not satisfied
#include "understudy/actor/system.hpp"

#include <string>

understudy::Task<> actor(understudy::Mailbox<int>&, std::string) { co_return; }

void start(understudy::System& system) { system.spawn("actor", actor, {}, 5); }
