#include "understudy/actor/registry.hpp"

struct Add {
  int value;
};
inline constexpr understudy::Name<Add> counter{"counter"};

understudy::Task<> actor(understudy::Mailbox<Add>&) { co_return; }

void start(understudy::System& system) { static_cast<void>(system.spawn_as(counter, actor)); }
