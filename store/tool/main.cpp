// The program `understudy`. What it can do is in command_line.cpp.
#include "tool/command_line.hpp"
#include "tool/fail.hpp"

#include <exception>

int main(int argc, char** argv) {
  try {
    return understudy::tool::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    return understudy::tool::fail(error.what());
  }
}
