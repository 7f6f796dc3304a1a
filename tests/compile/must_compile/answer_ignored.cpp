#include "understudy/actor/system.hpp"

struct Add {
  int value;
  understudy::Reply<int> reply;
};

understudy::Task<> send(understudy::Address<Add> actor) { static_cast<void>(co_await actor.ask<Add>(5)); }
