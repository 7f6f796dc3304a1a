#include "understudy/actor/router.hpp"

struct Question {};

understudy::Task<> send(understudy::Router<int> router) {
  const understudy::Result<void> told = co_await router.tell(5);
  static_cast<void>(told);
}
