// expect: no matching (member )?function.*tell|constraints not satisfied
#include "understudy/actor/system.hpp"

struct Question {};

understudy::Task<> send(understudy::Address<int> actor) {
  const understudy::Result<void> told = co_await actor.tell(Question{});
  static_cast<void>(told);
}
