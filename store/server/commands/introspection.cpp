// COMMAND and its subcommands: the table of commands, as clients and people ask for it.
#include "server/categories.hpp"
#include "server/command_table.hpp"
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "server/glob.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy::server {
namespace {

using Names = std::vector<std::string_view>;

constexpr std::array<std::pair<std::uint32_t, std::string_view>, 14> flag_names{{
    {flag::write, "write"},
    {flag::readonly, "readonly"},
    {flag::denyoom, "denyoom"},
    {flag::admin, "admin"},
    {flag::pubsub, "pubsub"},
    {flag::noscript, "noscript"},
    {flag::loading, "loading"},
    {flag::stale, "stale"},
    {flag::skip_slowlog, "skip_slowlog"},
    {flag::fast, "fast"},
    {flag::no_auth, "no_auth"},
    {flag::no_async_loading, "no_async_loading"},
    {flag::no_multi, "no_multi"},
    {flag::allow_busy, "allow_busy"},
}};

Names flags_of(const Command& command) {
  Names names;
  for (const auto& [bit, name] : flag_names) {
    if ((command.flags & bit) != 0) names.push_back(name);
  }
  return names;
}

Names categories_of(const Command& command) {
  Names names;
  for (const Category& category : categories()) {
    if (category.has(command)) names.push_back(category.name);
  }
  return names;
}

Names words_of(std::string_view text) {
  Names words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

void reply_names(RespWriter& reply, const Names& names) {
  reply.set(names.size());
  for (const std::string_view name : names) reply.simple(name);
}

/// What is done to the keys from argument number `first` on; `last` counts from there, or, negative, from the end.
void reply_key_specification(RespWriter& reply, const Command& command, std::string_view access, int first, int last) {
  reply.map(command.key_note.empty() ? 3 : 4);
  if (!command.key_note.empty()) {
    reply.bulk("notes");
    reply.bulk(command.key_note);
  }
  reply.bulk("flags");
  reply_names(reply, words_of(access));
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("index");
  reply.bulk("spec");
  reply.map(1);
  reply.bulk("index");
  reply.integer(first);
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("range");
  reply.bulk("spec");
  reply.map(3);
  reply.bulk("lastkey");
  reply.integer(last);
  reply.bulk("keystep");
  reply.integer(command.keys.step);
  reply.bulk("limit");
  reply.integer(0);
}

void reply_key_specifications(RespWriter& reply, const Command& command) {
  const auto [first, last, step] = command.keys;
  if (first == 0) {
    reply.set(0);
  } else if (command.second_key_access.empty()) {
    reply.set(1);
    reply_key_specification(reply, command, command.key_access, first, last < 0 ? last : last - first);
  } else {
    reply.set(2);
    reply_key_specification(reply, command, command.key_access, first, 0);
    reply_key_specification(reply, command, command.second_key_access, first + step, 0);
  }
}

void reply_info(RespWriter& reply, const Command& command) {
  reply.array(10);
  reply.bulk(command.name);
  reply.integer(command.arity);
  reply_names(reply, flags_of(command));
  reply.integer(command.keys.first);
  reply.integer(command.keys.last);
  reply.integer(command.keys.step);
  const Names in = categories_of(command);
  reply.set(in.size());
  for (const std::string_view name : in) reply.simple(fmt::format("@{}", name));
  const Names tips = words_of(command.tips);
  reply.set(tips.size());
  for (const std::string_view tip : tips) reply.bulk(tip);
  reply_key_specifications(reply, command);
  const std::span<const Command> subcommands = subcommands_of(command);
  reply.set(subcommands.size());
  for (const Command& subcommand : subcommands) reply_info(reply, subcommand);
}

void reply_docs(RespWriter& reply, const Command& command) {
  const std::span<const Command> subcommands = subcommands_of(command);
  const auto field = [&](std::string_view name, std::string_view value) {
    reply.bulk(name);
    reply.bulk(value);
  };
  reply.bulk(command.name);
  reply.map(subcommands.empty() ? 4 : 5);
  field("summary", command.summary);
  field("since", command.since);
  field("group", command.group);
  field("complexity", command.complexity);
  if (subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(subcommands.size());
  for (const Command& subcommand : subcommands) reply_docs(reply, subcommand);
}

std::vector<const Command*> all_commands() {
  std::vector<const Command*> commands;
  for (const Command& command : command_table()) {
    if (!is_subcommand(command)) commands.push_back(&command);
  }
  return commands;
}

}  // namespace

void command(SessionCall& call) {
  const std::vector<const Command*> commands = all_commands();
  call.reply.array(commands.size());
  for (const Command* each : commands) reply_info(call.reply, *each);
}

void command_count(SessionCall& call) { call.reply.integer(static_cast<std::int64_t>(all_commands().size())); }

void command_docs(SessionCall& call) {
  std::vector<const Command*> commands;
  for (const BytesView name : call.arguments.subspan(2)) {
    if (const Command* found = find_command(name)) commands.push_back(found);
  }
  if (call.arguments.size() == 2) commands = all_commands();
  call.reply.map(commands.size());
  for (const Command* each : commands) reply_docs(call.reply, *each);
}

void command_getkeys(SessionCall& call) {
  const Arguments words = call.arguments.subspan(2);
  const Lookup lookup = look_up(words);
  if (lookup.command == nullptr || lookup.problem == Lookup::Problem::unknown_subcommand) {
    call.reply.error("ERR Invalid command specified");
    return;
  }
  const KeyPositions& keys = lookup.command->keys;
  if (keys.first == 0) {
    call.reply.error("ERR The command has no key arguments");
    return;
  }
  if (lookup.problem == Lookup::Problem::wrong_arity) {
    call.reply.error("ERR Invalid number of arguments specified for command");
    return;
  }
  const int last = keys.last < 0 ? static_cast<int>(words.size()) + keys.last : keys.last;
  call.reply.array(static_cast<std::size_t>((last - keys.first) / keys.step) + 1);
  for (int i = keys.first; i <= last; i += keys.step) call.reply.bulk(words[static_cast<std::size_t>(i)]);
}

void command_help(SessionCall& call) { reply_with_help(*find_command("command"), call.reply); }

void command_info(SessionCall& call) {
  if (call.arguments.size() == 2) {
    command(call);
    return;
  }
  const Arguments names = call.arguments.subspan(2);
  call.reply.array(names.size());
  for (const BytesView name : names) {
    if (const Command* found = find_command(name)) {
      reply_info(call.reply, *found);
    } else {
      call.reply.null();
    }
  }
}

void command_list(SessionCall& call) {
  const Arguments words = call.arguments;
  const bool filtered = words.size() == 5 && is_word(words[2], "FILTERBY");
  const bool by_module = filtered && is_word(words[3], "MODULE");
  const bool by_category = filtered && is_word(words[3], "ACLCAT");
  const bool by_pattern = filtered && is_word(words[3], "PATTERN");
  if (words.size() != 2 && !by_module && !by_category && !by_pattern) {
    call.reply.error(syntax_error);
    return;
  }
  const Category* const category = by_category ? find_category(words[4]) : nullptr;
  GlobBudget steps;
  Names names;
  for (const Command& each : command_table()) {
    if (by_module) continue;
    if (by_pattern && !steps.matches(words[4], each.name, LetterCase::ignored)) continue;
    if (by_category && (category == nullptr || !category->has(each))) continue;
    names.push_back(each.name);
  }
  if (steps.used_up()) {
    call.reply.error(glob_too_long);
    return;
  }
  call.reply.array(names.size());
  for (const std::string_view name : names) call.reply.bulk(name);
}

}  // namespace understudy::server
