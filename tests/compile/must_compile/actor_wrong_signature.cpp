#include "understudy/actor/system.hpp"

understudy::Task<> actor(understudy::Mailbox<int>& inbox) {
  while (const auto message = co_await inbox.receive()) {
  }
}

void start(understudy::System& system) { system.spawn("actor", actor); }
