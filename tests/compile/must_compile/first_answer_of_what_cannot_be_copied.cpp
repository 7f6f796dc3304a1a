#include "understudy/actor/first_answer.hpp"

#include <memory>

struct Fetch {
  std::shared_ptr<int> what;
  understudy::Reply<int> reply;
};

understudy::Task<> fetch(understudy::FirstAnswer<Fetch> mirrors) {
  const understudy::Result<int> got = co_await mirrors.ask<Fetch>(std::make_shared<int>(5));
  static_cast<void>(got);
}
