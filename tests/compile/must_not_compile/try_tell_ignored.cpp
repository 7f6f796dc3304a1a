// expect: (nodiscard|unused-result)
#include "understudy/actor/system.hpp"

void send(const understudy::Address<int>& actor) { actor.try_tell(5); }
