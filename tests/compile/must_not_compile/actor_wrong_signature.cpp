// expect: no matching (member )?function.*spawn|constraints not satisfied
#include "understudy/actor/system.hpp"

void no_coroutine(understudy::Mailbox<int>&) {}

void start(understudy::System& system) { system.spawn("actor", no_coroutine); }
