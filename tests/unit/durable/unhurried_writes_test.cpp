// Attacks: little is written soon, if not too often, and much at once; what is too much for a quick write waits until
// another thread is worth while.
#include "durable/unhurried_writes.hpp"

#include "support/set_clock.hpp"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using Writes = UnhurriedWrites;

TEST(UnhurriedWrites, AreSmallWhereThereIsLittleAndLargeWhereThereIsMuch) {
  SetClock clock;
  Writes writes;
  EXPECT_TRUE(writes.wait_for_more(1, clock));
  EXPECT_TRUE(writes.wait_for_more(Writes::bytes_small - 1, clock));
  EXPECT_FALSE(writes.wait_for_more(Writes::bytes_small, clock));
  writes.note(clock.moment);
  EXPECT_TRUE(writes.wait_for_more(Writes::bytes_small, clock)) << "a moment ago";
  EXPECT_TRUE(writes.wait_for_more(Writes::bytes_full - 1, clock));
  EXPECT_FALSE(writes.wait_for_more(Writes::bytes_full, clock));
  clock.moment += Writes::apart;
  EXPECT_TRUE(writes.wait_for_more(Writes::bytes_small - 1, clock));
  EXPECT_FALSE(writes.wait_for_more(Writes::bytes_small, clock));
}

TEST(UnhurriedWrites, GoToAnotherThreadOnlyForMuch) {
  SetClock clock;
  const Writes writes;
  EXPECT_FALSE(writes.wait_for_more(Writes::bytes_quick_max, clock));
  EXPECT_TRUE(writes.wait_for_more(Writes::bytes_quick_max + 1, clock));
  EXPECT_TRUE(writes.wait_for_more(Writes::bytes_large - 1, clock));
  EXPECT_FALSE(writes.wait_for_more(Writes::bytes_large, clock));
}

}  // namespace
}  // namespace understudy
