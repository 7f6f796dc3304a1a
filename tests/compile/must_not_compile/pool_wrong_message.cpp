// expect: no matching (member )?function.*tell|constraints not satisfied
#include "understudy/actor/pool.hpp"

struct Question {};

understudy::Task<> send(understudy::Pool<int> pool) {
  const understudy::Result<void> told = co_await pool.tell(Question{});
  static_cast<void>(told);
}
