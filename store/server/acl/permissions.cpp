#include "server/acl/permissions.hpp"

#include "server/categories.hpp"
#include "server/command_keys.hpp"
#include "server/command_table.hpp"
#include "server/glob.hpp"
#include "server/letters.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace understudy::server {
namespace {

constexpr std::string_view syntax = "Syntax error";

std::unexpected<Error> refuse(std::string_view why) { return failure(ErrorCode::invalid_argument, std::string(why)); }

std::size_t place_of(const Command& command) noexcept {
  return static_cast<std::size_t>(&command - command_table().data());
}

std::vector<std::size_t> places_of(const Command& command) {
  std::vector<std::size_t> places{place_of(command)};
  for (const Command& subcommand : subcommands_of(command)) places.push_back(place_of(subcommand));
  return places;
}

std::vector<std::size_t> places_of(const Category& category) {
  std::vector<std::size_t> places;
  for (const Command& command : command_table()) {
    if (category.has(command)) places.push_back(place_of(command));
  }
  return places;
}

std::vector<std::size_t> places_of_rule(std::string_view name) {
  return name.starts_with('@') ? places_of(*find_category(name.substr(1))) : places_of(*find_command(name));
}

bool holds(const std::vector<std::size_t>& places, std::size_t place) {
  return std::ranges::binary_search(places, place);
}

/// The users' file separates rules by spaces.
bool has_spaces(BytesView text) noexcept {
  return std::ranges::any_of(text,
                             [](char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == 0; });
}

}  // namespace

Permissions::Permissions() : allowed_(command_table().size(), false) {}

Result<void> Permissions::apply(BytesView rule) {
  if (is_word(rule, "ALLKEYS") || is_word(rule, "~*") || is_word(rule, "RESETKEYS")) {
    all_keys_ = !is_word(rule, "RESETKEYS");
    keys_.clear();
    return {};
  }
  if (is_word(rule, "ALLCHANNELS") || is_word(rule, "&*") || is_word(rule, "RESETCHANNELS")) {
    all_channels_ = !is_word(rule, "RESETCHANNELS");
    channels_.clear();
    return {};
  }
  if (is_word(rule, "ALLCOMMANDS") || is_word(rule, "+@ALL")) return set_all_commands(true), Result<void>{};
  if (is_word(rule, "NOCOMMANDS") || is_word(rule, "-@ALL")) return set_all_commands(false), Result<void>{};
  switch (rule.empty() ? '\0' : rule.front()) {
    case '~':
    case '%':
      return add_keys(rule);
    case '&':
      return add_channels(rule);
    case '+':
    case '-':
      return apply_to_commands(rule);
    default:
      return refuse(syntax);
  }
}

void Permissions::set_all_commands(bool allow) {
  all_commands_ = from_all_ = allow;
  allowed_.assign(allowed_.size(), allow);
  rules_.clear();
  first_arguments_.clear();
}

Result<void> Permissions::apply_to_commands(BytesView rule) {
  const bool allow = rule.front() == '+';
  const std::string_view name = rule.substr(1);
  if (name.starts_with('@')) return apply_category(allow, name.substr(1));
  const Command* command = find_command(name);
  if (command == nullptr) return allow && name.contains('|') ? allow_first_argument(name) : refuse(unknown_name);
  const std::vector<std::size_t> places = places_of(*command);
  set_commands(places, allow);
  note_rule({.allow = allow, .name = std::string(command->name)}, places);
  return {};
}

Result<void> Permissions::apply_category(bool allow, std::string_view name) {
  const Category* category = find_category(name);
  if (category == nullptr) return refuse(unknown_name);
  const std::vector<std::size_t> places = places_of(*category);
  set_commands(places, allow);
  note_rule({.allow = allow, .name = fmt::format("@{}", category->name)}, places);
  return {};
}

void Permissions::set_commands(const std::vector<std::size_t>& places, bool allow) {
  for (const std::size_t place : places) allowed_[place] = allow;
  std::erase_if(first_arguments_, [&](const FirstArgument& each) { return holds(places, each.command); });
  if (!allow) all_commands_ = false;
}

// What the rule overrides goes; of what is left the meaning does not change by its coming. Categories stand in front of
// single commands where that is the same, as Redis writes them.
void Permissions::note_rule(CommandRule rule, const std::vector<std::size_t>& places) {
  std::erase_if(rules_, [&](const CommandRule& each) {
    const std::vector<std::size_t> theirs = places_of_rule(each.name);
    return each.name == rule.name ||
           (!theirs.empty() && std::ranges::all_of(theirs, [&](std::size_t place) { return holds(places, place); }));
  });
  rules_.push_back(std::move(rule));
  drop_idle_rules();
  bring_categories_forward();
}

/// Rules about single commands that change nothing, since others say the same.
void Permissions::drop_idle_rules() {
  for (std::size_t i = 0; i < rules_.size();) {
    const auto place = rules_.begin() + static_cast<std::ptrdiff_t>(i);
    if (!place->name.starts_with('@')) {
      CommandRule rule = std::move(*place);
      rules_.erase(place);
      if (allowed_by_rules() == allowed_) continue;
      rules_.insert(rules_.begin() + static_cast<std::ptrdiff_t>(i), std::move(rule));
    }
    ++i;
  }
}

void Permissions::bring_categories_forward() {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!rules_[i].name.starts_with('@')) continue;
    const std::vector<std::size_t> places = places_of_rule(rules_[i].name);
    const auto commutes = [&](const CommandRule& each) {
      return !each.name.starts_with('@') &&
             std::ranges::none_of(places_of_rule(each.name), [&](std::size_t place) { return holds(places, place); });
    };
    for (std::size_t j = i; j > 0 && commutes(rules_[j - 1]); --j) std::swap(rules_[j - 1], rules_[j]);
  }
}

std::vector<bool> Permissions::allowed_by_rules() const {
  std::vector<bool> allowed(allowed_.size(), from_all_);
  for (const CommandRule& rule : rules_) {
    for (const std::size_t place : places_of_rule(rule.name)) allowed[place] = rule.allow;
  }
  return allowed;
}

/// "+select|0": what stands behind the stroke is no subcommand.
Result<void> Permissions::allow_first_argument(std::string_view name) {
  const std::size_t stroke = name.rfind('|');
  const Command* command = find_command(name.substr(0, stroke));
  if (command == nullptr) return refuse(unknown_name);
  if (is_subcommand(*command)) return refuse("Allowing first-arg of a subcommand is not supported");
  std::string value(name.substr(stroke + 1));
  if (value.empty() || has_spaces(value)) return refuse(syntax);
  if (!subcommands_of(*command).empty()) return refuse(unknown_name);
  const std::size_t place = place_of(*command);
  if (allowed_[place]) return {};
  const bool known = std::ranges::any_of(first_arguments_, [&](const FirstArgument& each) {
    return each.command == place && is_same_word(each.value, value);
  });
  if (!known) first_arguments_.push_back({.command = place, .value = std::move(value)});
  return {};
}

Result<void> Permissions::add_keys(BytesView rule) {
  if (all_keys_) {
    return refuse(
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try "
        "'resetkeys' to start with an empty list of patterns");
  }
  std::uint8_t access = rule.front() == '~' ? access::read | access::write : access::none;
  std::size_t at = 1;
  for (; rule.front() == '%' && at < rule.size(); ++at) {
    const std::uint8_t before = access;
    if (rule[at] == 'R' || rule[at] == 'r') access |= access::read;
    if (rule[at] == 'W' || rule[at] == 'w') access |= access::write;
    if (access == before) break;
  }
  // As in Redis, the pattern behind the letters may be missing: then it is the empty one.
  if (rule.front() == '%' && at < rule.size()) {
    if (rule[at] != '~') return refuse(syntax);
    ++at;
  }
  const BytesView pattern = rule.substr(at);
  if (access == access::none || has_spaces(pattern)) return refuse(syntax);
  const auto same = std::ranges::find(keys_, pattern, &KeyPattern::pattern);
  if (same != keys_.end()) {
    same->access |= access;
  } else {
    keys_.push_back({.pattern = std::string(pattern), .access = access});
  }
  return {};
}

Result<void> Permissions::add_channels(BytesView rule) {
  if (all_channels_) {
    return refuse(
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. "
        "Try 'resetchannels' to start with an empty list of channels");
  }
  const BytesView pattern = rule.substr(1);
  if (has_spaces(pattern)) return refuse(syntax);
  if (std::ranges::find(channels_, pattern) == channels_.end()) channels_.emplace_back(pattern);
  return {};
}

Verdict Permissions::check(const Command& command, Arguments arguments) const {
  if (!allows_command(command, arguments)) return {.denial = Denial::command};
  Verdict verdict;
  const auto refused = [&verdict](Denial denial, std::size_t argument) {
    verdict = {.denial = denial, .argument = argument};
    return false;
  };
  if (!all_keys_ && !each_key(command, arguments, [&](KeyUse use) {
        return allows_key(arguments[use.argument], use.access) || refused(Denial::key, use.argument);
      })) {
    return verdict;
  }
  if (all_channels_ || command.channels.first == 0) return verdict;
  const ChannelPositions& channels = command.channels;
  const int last = channels.last < 0 ? static_cast<int>(arguments.size()) + channels.last : channels.last;
  for (auto i = static_cast<std::size_t>(channels.first); i < arguments.size() && static_cast<int>(i) <= last; ++i) {
    if (!allows_channel(arguments[i], channels.patterns)) {
      refused(Denial::channel, i);
      break;
    }
  }
  return verdict;
}

bool Permissions::allows_command(const Command& command, Arguments arguments) const {
  if (all_commands_ || (command.flags & flag::no_auth) != 0) return true;
  const std::size_t place = place_of(command);
  if (allowed_[place]) return true;
  return arguments.size() > 1 && std::ranges::any_of(first_arguments_, [&](const FirstArgument& each) {
           return each.command == place && is_same_word(each.value, arguments[1]);
         });
}

bool Permissions::allows_key(BytesView key, std::uint8_t access) const {
  return std::ranges::any_of(keys_, [&](const KeyPattern& each) {
    return (each.access & access) == access && glob_matches(each.pattern, key);
  });
}

bool Permissions::allows_channel(BytesView channel, bool pattern) const {
  return all_channels_ || std::ranges::any_of(channels_, [&](const std::string& each) {
           return pattern ? each == channel : glob_matches(each, channel);
         });
}

std::vector<std::string> Permissions::channel_patterns() const {
  return all_channels_ ? std::vector<std::string>{"*"} : channels_;
}

std::string Permissions::describe_commands() const {
  std::string text = from_all_ ? "+@all" : "-@all";
  const auto add = std::back_inserter(text);
  for (const CommandRule& rule : rules_) fmt::format_to(add, " {}{}", rule.allow ? '+' : '-', rule.name);
  for (const FirstArgument& each : first_arguments_) {
    fmt::format_to(add, " +{}|{}", command_table()[each.command].name, each.value);
  }
  return text;
}

std::string Permissions::describe_keys() const {
  if (all_keys_) return "~*";
  std::string text;
  for (const KeyPattern& each : keys_) {
    if (!text.empty()) text += ' ';
    // A "~*" that was put together from two rules is not that which ends the list: read again, it must not be either.
    const std::string_view all = each.pattern == "*" ? "%RW~" : "~";
    text += each.access == access::read ? "%R~" : each.access == access::write ? "%W~" : all;
    text += each.pattern;
  }
  return text;
}

std::string Permissions::describe_channels(bool reset) const {
  if (all_channels_) return "&*";
  std::string text = reset ? "resetchannels" : "";
  for (const std::string& each : channels_)
    fmt::format_to(std::back_inserter(text), "{}&{}", text.empty() ? "" : " ", each);
  return text;
}

std::string Permissions::describe() const {
  const std::string keys = describe_keys();
  return fmt::format("{}{}{} {}", keys, keys.empty() ? "" : " ", describe_channels(true), describe_commands());
}

}  // namespace understudy::server
