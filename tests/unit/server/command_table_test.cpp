#include "server/command_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

Lookup look_up_words(const std::vector<BytesView>& words) { return look_up(words); }

TEST(CommandTable, RowsAreComplete) {
  std::set<std::string_view> names;
  for (const Command& command : command_table()) {
    SCOPED_TRACE(command.name);
    EXPECT_TRUE(names.insert(command.name).second) << "twice";
    EXPECT_NE(command.arity, 0);
    EXPECT_FALSE(command.summary.empty());
    EXPECT_FALSE(command.group.empty());
    EXPECT_FALSE(command.since.empty());
    EXPECT_FALSE(command.complexity.empty());
    EXPECT_TRUE(std::ranges::none_of(command.name, [](char letter) { return letter >= 'A' && letter <= 'Z'; }));
    const int handlers = static_cast<int>(command.data != nullptr) + static_cast<int>(command.session != nullptr) +
                         static_cast<int>(command.task != nullptr);
    const bool is_container = !subcommands_of(command).empty() && handlers == 0;
    EXPECT_EQ(handlers, is_container ? 0 : 1);
    EXPECT_EQ(command.keys.first == 0, command.key_access.empty());
    // What touches keys is a data command, and says whether it writes.
    const bool touches = (command.flags & (flag::write | flag::readonly)) != 0;
    EXPECT_EQ(touches, command.data != nullptr);
  }
}

TEST(CommandTable, SubcommandsFollowTheirContainer) {
  const Command* container = nullptr;
  for (const Command& command : command_table()) {
    if (!is_subcommand(command)) {
      container = &command;
      continue;
    }
    ASSERT_NE(container, nullptr);
    EXPECT_TRUE(command.name.starts_with(std::string(container->name) + "|")) << command.name;
  }
}

TEST(CommandTable, SectionsAreTheWholeTableInOrder) {
  const Command* next = command_table().data();
  for (const CommandSection& section : command_sections()) {
    SCOPED_TRACE(section.title);
    EXPECT_EQ(section.commands.data(), next);
    EXPECT_TRUE(std::ranges::is_sorted(section.commands, {}, &Command::name));
    next += section.commands.size();
  }
  EXPECT_EQ(next, command_table().data() + command_table().size());
}

TEST(CommandTable, FindsNamesOfAnyCase) {
  ASSERT_NE(find_command("get"), nullptr);
  EXPECT_EQ(find_command("GET"), find_command("get"));
  EXPECT_EQ(find_command("Client|List"), find_command("client|list"));
  EXPECT_EQ(find_command(""), nullptr);
  EXPECT_EQ(find_command("nosuch"), nullptr);
  EXPECT_EQ(find_command(std::string(10'000, 'x')), nullptr);
}

TEST(CommandTable, ChecksArity) {
  EXPECT_TRUE(arity_fits(*find_command("get"), 2));
  EXPECT_FALSE(arity_fits(*find_command("get"), 1));
  EXPECT_FALSE(arity_fits(*find_command("get"), 3));
  EXPECT_FALSE(arity_fits(*find_command("del"), 1));
  EXPECT_TRUE(arity_fits(*find_command("del"), 100));
}

TEST(CommandTable, LooksUpRequests) {
  using Problem = Lookup::Problem;
  EXPECT_EQ(look_up_words({"get", "k"}).problem, Problem::none);
  EXPECT_EQ(look_up_words({"GET"}).problem, Problem::wrong_arity);
  EXPECT_EQ(look_up_words({"nosuch"}).problem, Problem::unknown_command);
  EXPECT_EQ(look_up_words({"client|id"}).problem, Problem::unknown_command);
  EXPECT_EQ(look_up_words({"client"}).problem, Problem::wrong_arity);
  EXPECT_EQ(look_up_words({"client", "nosuch"}).problem, Problem::unknown_subcommand);
  EXPECT_EQ(look_up_words({"client", std::string(1000, 'x')}).problem, Problem::unknown_subcommand);
  EXPECT_EQ(look_up_words({"CLIENT", "ID"}).command, find_command("client|id"));
  EXPECT_EQ(look_up_words({"command"}).command, find_command("command"));
}

TEST(CommandTable, NamesAreFoundWhateverTheSizeOfTheirLettersAndNothingElseIs) {
  for (const Command& command : command_table()) {
    if (is_subcommand(command)) continue;
    const std::vector<BytesView> plain(static_cast<std::size_t>(std::abs(command.arity)), command.name);
    for (std::size_t at = 0; at < command.name.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string name(command.name);
        name[at] = static_cast<char>(byte);
        const bool is_same_letter = (byte | 0x20) == command.name[at] && byte != 0;
        std::vector<BytesView> words = plain;
        words[0] = name;
        if (words.size() > 1) words[1] = "nosuch";
        const Command* found = look_up(words).command;
        EXPECT_EQ(found == &command, is_same_letter) << name << " at " << at;
      }
    }
    EXPECT_NE(look_up_words({std::string(command.name) + '\0'}).command, &command);
    EXPECT_NE(look_up_words({std::string(command.name) + ' '}).command, &command);
  }
}

}  // namespace
}  // namespace understudy::server
