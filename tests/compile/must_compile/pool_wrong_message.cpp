#include "understudy/actor/pool.hpp"

struct Question {};

understudy::Task<> send(understudy::Pool<int> pool) {
  const understudy::Result<void> told = co_await pool.tell(5);
  static_cast<void>(told);
}
