// expect: no matching (member )?function.*ask|constraints not satisfied
#include "understudy/actor/system.hpp"

struct Add {
  int value;
  understudy::Reply<int> reply;
};

understudy::Task<> send(understudy::Address<Add> actor) {
  const understudy::Result<int> got = co_await actor.ask<Add>("five");
  static_cast<void>(got);
}
