#include "understudy/runtime/task.hpp"

understudy::Task<int> work() { co_return 1; }
understudy::Task<> run() { static_cast<void>(co_await work()); }
