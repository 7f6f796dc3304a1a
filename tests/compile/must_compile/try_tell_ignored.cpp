#include "understudy/actor/system.hpp"

void send(const understudy::Address<int>& actor) { static_cast<void>(actor.try_tell(5)); }
