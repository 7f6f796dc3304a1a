// The program `understudy`. What it can do is in command_line.cpp.
#include "tool/command_line.hpp"

#include <exception>

#include <fmt/format.h>

int main(int argc, char** argv) {
  try {
    return understudy::tool::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "understudy: {}\n", error.what());
    return 1;
  }
}
