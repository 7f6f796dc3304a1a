#include "understudy/actor/reply.hpp"

#include <string>

void answer(understudy::Reply<std::string>& reply) { reply("text"); }
