// commands_page: prints the tables of docs/commands.md, made from the table of commands: for each section what stands
// between two marks in the page, the marks included. scripts/commands_page.py puts them there.
#include "server/command_table.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace {

using understudy::server::Command;

/// The text as it stands in a cell.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '|') escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

/// "CLIENT LIST" of "client|list".
std::string shown_name(std::string_view name) {
  std::string shown(name);
  for (char& letter : shown) {
    if (letter == '|') letter = ' ';
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return shown;
}

bool needs_subcommand(const Command& command) {
  return command.data == nullptr && command.session == nullptr && command.task == nullptr;
}

void print_line(const Command& command) {
  fmt::print("| `{}` |", shown_name(command.name));
  if (!command.usage.empty()) fmt::print(" {}", cell(command.usage));
  fmt::print(" | {}", cell(command.summary));
  if (!command.note.empty()) fmt::print("; {}", cell(command.note));
  fmt::print(" |\n");
}

}  // namespace

int main() {
  for (const auto& section : understudy::server::command_sections()) {
    fmt::print("<!-- commands: {} -->\n\n| command | arguments | what it does |\n|---|---|---|\n", section.title);
    for (const Command& command : section.commands) {
      if (!needs_subcommand(command)) print_line(command);
    }
    fmt::print("\n<!-- end -->\n");
  }
}
