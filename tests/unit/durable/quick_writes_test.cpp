// Which writes are made where the writer stands: none for a while after a slow one, longer after each.
#include "durable/quick_writes.hpp"

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Writes that begin at one moment.
struct Writes {
  QuickWrites writes;
  TimePoint now = TimePoint{} + seconds(100);

  void take(Duration time) {
    writes.note(now, now + time);
    now += time;
  }
  /// For how long there are none, to a millisecond.
  Duration pause() const {
    Duration time{0};
    while (!writes.may_begin(now + time)) time += milliseconds(1);
    return time;
  }
};

constexpr Duration quick = QuickWrites::slow - milliseconds(1);
constexpr Duration slow = QuickWrites::slow;

TEST(QuickWrites, AreMadeHereAsLongAsTheyAreQuick) {
  Writes writes;
  EXPECT_EQ(writes.pause(), Duration{0});
  for (int i = 0; i < 10; ++i) writes.take(quick);
  EXPECT_EQ(writes.pause(), Duration{0});
}

TEST(QuickWrites, GoToThePoolForLongerAfterEachSlowOne) {
  Writes writes;
  for (const int expected : {1, 2, 4, 8, 16, 32, 64, 64}) {
    writes.take(slow);
    EXPECT_EQ(writes.pause(), seconds(expected));
    writes.now += seconds(expected);
  }
  writes.take(quick);
  EXPECT_EQ(writes.pause(), Duration{0});
  writes.take(slow);
  EXPECT_EQ(writes.pause(), seconds(1)) << "from the beginning, after a quick one";
}

}  // namespace
}  // namespace understudy::test
