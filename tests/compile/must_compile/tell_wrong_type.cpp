#include "understudy/actor/system.hpp"

understudy::Task<> send(understudy::Address<int> actor) {
  const understudy::Result<void> told = co_await actor.tell(5);
  static_cast<void>(told);
}
