// expect: constraints not satisfied|constraint
#include "understudy/actor/broadcaster.hpp"

struct Add {
  int value;
  understudy::Reply<int> reply;
};

void tell(const understudy::Broadcaster<Add>& all);
