// expect: no match(ing function)? for|constraints not satisfied
#include "understudy/actor/reply.hpp"

#include <string>

void answer(understudy::Reply<std::string>& reply) { reply(nullptr, 5.0, 7); }
