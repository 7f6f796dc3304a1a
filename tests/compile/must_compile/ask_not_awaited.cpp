#include "understudy/actor/system.hpp"
#include "understudy/runtime/wait.hpp"

struct Add {
  int value;
  understudy::Reply<int> reply;
};

int send(understudy::System& system, const understudy::Address<Add>& actor) {
  return understudy::wait(system, actor.ask<Add>(5)).value_or(0);
}
