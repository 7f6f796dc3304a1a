#include "tool/fail.hpp"

#include <cstdio>
#include <string>

#include <fmt/format.h>

namespace understudy::tool {

int fail(std::string_view message) {
  // Standard error may be closed, or full: there is nobody to tell that, and it is no reason to abort.
  const std::string line = fmt::format("understudy: {}\n", message);
  std::fwrite(line.data(), 1, line.size(), stderr);
  return 1;
}

int end_of_output(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  return fail("cannot write standard output: what it shows is not all there is");
}

int fail(const Error& error) { return fail(error.message()); }

}  // namespace understudy::tool
