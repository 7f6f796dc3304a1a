// expect: (nodiscard|unused-result)
#include "understudy/actor/system.hpp"

struct Add {
  int value;
  understudy::Reply<int> reply;
};

void send(const understudy::Address<Add>& actor) { actor.ask<Add>(5); }
