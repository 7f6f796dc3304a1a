// expect: (nodiscard|unused-result)
#include "understudy/runtime/task.hpp"

understudy::Task<int> work() { co_return 1; }
understudy::Task<> run() {
  work();
  co_return;
}
