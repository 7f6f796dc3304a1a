// expect: (nodiscard|unused-result)
#include "understudy/actor/router.hpp"

struct Add {
  int value;
  understudy::Reply<int> reply;
};

void send(const understudy::Router<Add>& router) { router.ask<Add>(5); }
