#include "tool/demo.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace understudy::tool {

int run_demo() {
  fmt::print(stderr, "understudy: the demonstration is not written yet\n");
  return 1;
}

}  // namespace understudy::tool
