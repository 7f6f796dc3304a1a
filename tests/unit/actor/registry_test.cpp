// Attacks: the process-wide system is set once, and none or a second one is a clear error.
#include "understudy/actor/registry.hpp"

#include "support/runtimes.hpp"

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Get {
  Reply<int> reply;
};

Task<Result<int>> four_levels_deep(int depth) {
  if (depth > 0) co_return co_await four_levels_deep(depth - 1);
  const Result<System*> system = installed_system();
  if (!system) co_return std::unexpected(system.error());
  const Address<Get> actor = (*system)->spawn("deep", [](Mailbox<Get>& inbox) -> Task<> {
    while (auto get = co_await inbox.receive()) get->reply(17);
  });
  Result<int> answer = co_await actor.ask<Get>();
  actor.stop();
  co_return answer;
}

TEST(Registry, IsSetOncePerSystem) {
  ASSERT_FALSE(installed_system());
  EXPECT_EQ(installed_system().error(), ErrorCode::not_installed);
  EXPECT_NE(installed_system().error().message().find("install"), std::string::npos);
  System other({.workers = 1});
  for (int round = 0; round < 3; ++round) {
    {
      System system({.workers = 1});
      EXPECT_EQ(wait(system, four_levels_deep(4)).error(), ErrorCode::not_installed);
      ASSERT_TRUE(install(system));
      EXPECT_EQ(installed_system().value(), &system);
      EXPECT_EQ(install(system).error(), ErrorCode::already_installed);
      EXPECT_EQ(install(other).error(), ErrorCode::already_installed);
      EXPECT_EQ(wait(system, four_levels_deep(4)).value_or(0), 17);
      EXPECT_EQ(wait(other, four_levels_deep(4)).value_or(0), 17) << "from a coroutine of another system";
    }
    EXPECT_FALSE(installed_system()) << "until it is destroyed";
  }
  ASSERT_TRUE(install(other));
}

TEST(Registry, TakesSimulatedSystemsToo) {
  SimulatedSystem simulation(1);
  ASSERT_TRUE(install(simulation.system()));
  EXPECT_EQ(wait(simulation.system(), four_levels_deep(4)).value_or(0), 17);
}

}  // namespace
}  // namespace understudy::test
