// Attacks: lines of a lower level are dropped, the sink sees one line at a time, and from any thread.
#include "understudy/base/logging.hpp"

#include "base/log.hpp"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(Logging, GivesTheSinkWhatIsLoudEnough) {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  set_log_level(LogLevel::warning);
  log_line(LogLevel::info, "quiet");
  log_line(LogLevel::warning, "loud {} %s");
  log_error("{} and {}", 1, "two");
  set_log_level(LogLevel::off);
  log_line(LogLevel::error, "off");
  EXPECT_EQ(lines, (std::vector<std::string>{"loud {} %s", "1 and two"}));
  set_log_level(LogLevel::error);
  lines.clear();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 500; ++n) log_line(LogLevel::error, std::string(50, 'x'));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines.size(), 2000U);
  set_log_sink({});
  set_log_level(LogLevel::off);
}

}  // namespace
}  // namespace understudy
