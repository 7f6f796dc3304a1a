// expect: (deleted function|deleted constructor)
#include "understudy/actor/reply.hpp"

void answer(const understudy::Reply<int>& reply) {
  understudy::Reply<int> copy = reply;
  copy(5);
}
