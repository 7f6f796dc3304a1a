// The threads of this process, for tests that look whether any are left behind.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace understudy::test {

/// As the kernel counts them; one that has been joined may be among them for a moment. Not the kernel's list of them,
/// /proc/self/task: that leaves out one that lives if another ends while it is read.
inline std::size_t threads_of_this_process() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "Threads:") {
  }
  std::size_t count = 0;
  EXPECT_TRUE(status >> count) << "no line 'Threads:' in /proc/self/status";
  return count;
}

}  // namespace understudy::test
