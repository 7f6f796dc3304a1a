// Conditions that only a mistake in this program can break: checked in every build.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace understudy::journal {

/// Ends the program, naming the place, unless `holds`.
inline void require(bool holds, const char* what, std::source_location place = std::source_location::current()) {
  if (!holds) [[unlikely]] {
    std::fprintf(stderr, "%s:%u: broken invariant: %s\n", place.file_name(), place.line(), what);
    std::abort();
  }
}

}  // namespace understudy::journal
