// Keeps the library's log out of the tests' output: crashes, restarts and late shutdowns are what these tests cause.
#pragma once

#include "understudy/base/logging.hpp"

namespace understudy::test {

inline const bool log_is_quiet = [] {
  set_log_level(LogLevel::off);
  return true;
}();

}  // namespace understudy::test
