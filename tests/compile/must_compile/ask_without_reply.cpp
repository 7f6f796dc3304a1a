#include "understudy/actor/system.hpp"

struct Note {
  int value;
};

understudy::Task<> send(understudy::Address<Note> actor) { static_cast<void>(co_await actor.tell<Note>(5)); }
