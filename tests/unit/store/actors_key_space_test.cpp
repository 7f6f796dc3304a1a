// An actor that ends with a million keys, or is replaced, is not taken for stuck: freeing them is not its business.
#include "engine/actors_key_space.hpp"

#include "support/quiet.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

struct Own {
  std::shared_ptr<KeySpace> keys;
  Reply<std::size_t> reply;
};

Task<> owner(Mailbox<Own>& inbox) {
  while (auto message = co_await inbox.receive()) {
    std::size_t owned = 0;
    {
      const ActorsKeySpace keys(std::move(*message->keys));
      owned = keys.size();
    }
    message->reply(owned);
  }
}

TEST(ActorsKeySpace, ItsEndDoesNotHoldItsActor) {
  constexpr std::size_t count = 1'000'000;  // On the slowest machine some tenths of a second.
  System system({.workers = 1});
  const Supervisor supervisor(system, {.cutoff = std::chrono::milliseconds(30)});
  const auto keys = std::make_shared<KeySpace>();
  for (std::size_t i = 0; i < count; ++i) keys->set("key:" + std::to_string(i), "value");
  const Address<Own> address = system.spawn("owner", owner, {});
  EXPECT_EQ(wait(system, address.ask<Own>(keys)), count);
  EXPECT_TRUE(supervisor.incidents().empty());
}

}  // namespace
}  // namespace understudy::store
