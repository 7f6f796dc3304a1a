#include "understudy/actor/reply.hpp"

void answer(understudy::Reply<int>& reply) {
  understudy::Reply<int> moved = std::move(reply);
  moved(5);
}
