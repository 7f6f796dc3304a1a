// expect: (nodiscard|unused-result)|GCC 12 lets the result of a co_await be ignored
#if !defined(__clang__)
#error "GCC 12 lets the result of a co_await be ignored, whatever is nodiscard: this is held by Clang's builds alone"
#endif
#include "understudy/actor/system.hpp"

understudy::Task<> send(understudy::Address<int> actor) { co_await actor.tell(5); }
