#include "understudy/actor/system.hpp"

bool send(const understudy::Address<int>& actor) { return actor.try_tell(5).has_value(); }
