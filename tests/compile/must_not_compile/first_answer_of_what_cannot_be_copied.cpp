// expect: no matching (member )?function.*ask|constraints not satisfied
#include "understudy/actor/first_answer.hpp"

#include <memory>

struct Fetch {
  std::unique_ptr<int> what;
  understudy::Reply<int> reply;
};

understudy::Task<> fetch(understudy::FirstAnswer<Fetch> mirrors) {
  const understudy::Result<int> got = co_await mirrors.ask<Fetch>(std::make_unique<int>(5));
  static_cast<void>(got);
}
