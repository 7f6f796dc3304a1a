#include "understudy/actor/router.hpp"

struct Add {
  int value;
  understudy::Reply<int> reply;
};

understudy::Task<> send(understudy::Router<Add> router) {
  const understudy::Result<int> got = co_await router.ask<Add>(5);
  static_cast<void>(got);
}
