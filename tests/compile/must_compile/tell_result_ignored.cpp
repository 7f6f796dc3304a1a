#include "understudy/actor/system.hpp"

understudy::Task<> send(understudy::Address<int> actor) { static_cast<void>(co_await actor.tell(5)); }
