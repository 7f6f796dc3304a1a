// What the log is told of a start that takes long.
#include "durable/loading_log.hpp"

#include "support/set_clock.hpp"
#include "understudy/base/logging.hpp"

#include <gtest/gtest.h>

namespace understudy::durable {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LoadingLog, SaysHowFarItIsAndHowFast) {
  const JournalProgress progress{.bytes = 430'000'000, .bytes_total = 1'000'000'000, .records = 3'200'000};
  EXPECT_EQ(loading_in_words("data", progress, seconds(2)),
            "loading data: 43 % (430 of 1000 MB, 215 MB/s), 3200000 records");
  EXPECT_EQ(loading_in_words("data", JournalProgress{}, Duration(0)),
            "loading data: 0 % (0 of 0 MB, 0 MB/s), 0 records");
}

TEST(LoadingLog, SaysNothingInTheFirstSecondAndThenALineASecond) {
  int lines = 0;
  set_log_level(LogLevel::info);
  set_log_sink([&](LogLevel, std::string_view) { ++lines; });
  SetClock clock;
  const std::string what = "data";
  LoadingLog log(clock, what);
  for (int i = 0; i < 9; ++i) {
    clock.moment += milliseconds(100);
    log.note({});
  }
  EXPECT_EQ(lines, 0);
  for (int i = 0; i < 30; ++i) {
    clock.moment += milliseconds(100);
    log.note({});
  }
  EXPECT_EQ(lines, 3);
  set_log_level(LogLevel::off);
  set_log_sink({});
}

}  // namespace
}  // namespace understudy::durable
