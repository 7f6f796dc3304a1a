// expect: no matching (member )?function.*tell|constraints not satisfied
#include "understudy/actor/router.hpp"

struct Question {};

understudy::Task<> send(understudy::Router<int> router) {
  const understudy::Result<void> told = co_await router.tell(Question{});
  static_cast<void>(told);
}
