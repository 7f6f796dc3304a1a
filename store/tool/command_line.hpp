// The command line of the program: which subcommand, with which options.
#pragma once

namespace understudy::tool {

/// Reads the command line and runs its subcommand. The program's exit code: 0; 1 for what failed, with a line on
/// standard error; 2 for a command line or a setting that is wrong.
[[nodiscard]] int run_command_line(int argc, char** argv);

}  // namespace understudy::tool
