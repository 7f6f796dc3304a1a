#include "tool/fail.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace understudy::tool {

int fail(std::string_view message) {
  fmt::print(stderr, "understudy: {}\n", message);
  return 1;
}

int fail(const Error& error) { return fail(error.message()); }

}  // namespace understudy::tool
