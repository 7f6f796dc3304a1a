// expect: no matching (member )?function.*ask|constraints not satisfied
#include "understudy/actor/system.hpp"

#include <string>

struct Add {
  int value;
  understudy::Reply<int> reply;
};
struct Get {
  std::string key;
  understudy::Reply<int> reply;
};

understudy::Task<> send(understudy::Address<Add> actor) {
  const understudy::Result<int> got = co_await actor.ask<Get>("key");
  static_cast<void>(got);
}
