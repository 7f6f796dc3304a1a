#include "server/acl/user.hpp"

#include "server/commands/arguments.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

std::unexpected<Error> refuse(std::string_view why) { return failure(ErrorCode::invalid_argument, std::string(why)); }

Result<void> add_password(User& user, const PasswordHash& hash) {
  if (std::ranges::find(user.passwords, hash) == user.passwords.end()) user.passwords.push_back(hash);
  user.any_password = false;
  return {};
}

Result<void> remove_password(User& user, const PasswordHash& hash) {
  if (std::erase(user.passwords, hash) > 0) return {};
  return refuse("The password you are trying to remove from the user does not exist");
}

Result<void> apply_password(User& user, BytesView rule) {
  const BytesView text = rule.substr(1);
  const bool adds = rule.front() == '>' || rule.front() == '#';
  std::optional<PasswordHash> hash;
  if (rule.front() == '#' || rule.front() == '!') {
    hash = parse_hash(text);
    if (!hash) {
      return refuse(
          "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters");
    }
  } else {
    if (text.size() > password_bytes_max)
      return refuse(fmt::format("A password has at most {} bytes", password_bytes_max));
    hash = hash_password(text);
  }
  return adds ? add_password(user, *hash) : remove_password(user, *hash);
}

/// "(+get ~app:*)"
Result<void> add_selector(User& user, BytesView rule) {
  Permissions selector;
  BytesView rest = rule.substr(1, rule.size() - 2);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (end > 0) {
      // It would end the selector when it is read again.
      if (rest[end - 1] == ')') return refuse("Syntax error");
      const Result<void> applied = selector.apply(rest.substr(0, end));
      if (!applied) return applied;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  user.selectors.push_back(std::move(selector));
  return {};
}

void reset(User& user) { user = User{.name = std::move(user.name), .sanitize = User::Sanitize::yes}; }

}  // namespace

bool User::accepts(BytesView password) const {
  if (any_password) return enabled;
  if (password.size() > password_bytes_max) return false;
  const PasswordHash given = hash_password(password);
  bool right = false;
  for (const PasswordHash& each : passwords) right = same_hash(each, given) || right;
  return right && enabled;
}

Verdict User::check(const Command& command, Arguments arguments) const {
  Verdict closest = permissions.check(command, arguments);
  for (const Permissions& selector : selectors) {
    if (closest.denial == Denial::none) return closest;
    const Verdict verdict = selector.check(command, arguments);
    if (verdict.denial == Denial::none) return verdict;
    if (std::pair(verdict.denial, verdict.argument) > std::pair(closest.denial, closest.argument)) closest = verdict;
  }
  return closest;
}

bool User::allows_channel(BytesView channel, bool pattern) const {
  return permissions.allows_channel(channel, pattern) ||
         std::ranges::any_of(selectors, [&](const Permissions& each) { return each.allows_channel(channel, pattern); });
}

bool User::allows_channels_of(const User& other) const {
  const auto allows_all_of = [this](const Permissions& theirs) {
    return std::ranges::all_of(theirs.channel_patterns(),
                               [this](const std::string& each) { return allows_channel(each, true); });
  };
  return allows_all_of(other.permissions) && std::ranges::all_of(other.selectors, allows_all_of);
}

Result<void> apply_rule(User& user, BytesView rule) {
  // Redis overlooks an empty rule.
  if (rule.empty()) return {};
  if (is_word(rule, "ON") || is_word(rule, "OFF")) {
    user.enabled = is_word(rule, "ON");
  } else if (is_word(rule, "NOPASS") || is_word(rule, "RESETPASS")) {
    user.any_password = is_word(rule, "NOPASS");
    user.passwords.clear();
  } else if (is_word(rule, "SANITIZE-PAYLOAD") || is_word(rule, "SKIP-SANITIZE-PAYLOAD")) {
    user.sanitize = is_word(rule, "SANITIZE-PAYLOAD") ? User::Sanitize::yes : User::Sanitize::skip;
  } else if (is_word(rule, "CLEARSELECTORS")) {
    user.selectors.clear();
  } else if (is_word(rule, "RESET")) {
    reset(user);
  } else if (BytesView("><#!").contains(rule.front())) {
    return apply_password(user, rule);
  } else if (rule.front() == '(' && rule.back() == ')' && rule.size() > 1) {
    return add_selector(user, rule);
  } else {
    return user.permissions.apply(rule);
  }
  return {};
}

Result<std::vector<std::string>> join_selectors(std::span<const BytesView> words) {
  std::vector<std::string> rules;
  std::optional<std::size_t> open;  // The word that began the rule at the end of `rules`.
  for (std::size_t i = 0; i < words.size(); ++i) {
    const BytesView word = words[i];
    if (open) {
      rules.back().append(" ").append(word);
    } else {
      rules.emplace_back(word);
      if (word.starts_with('(')) open = i;
    }
    if (open && word.ends_with(')')) open.reset();
  }
  if (!open) return rules;
  return failure(ErrorCode::invalid_argument,
                 fmt::format("Unmatched parenthesis in acl selector starting at '{}'.", words[*open]));
}

User make_default_user() {
  User user{.name = "default", .enabled = true, .any_password = true};
  for (const std::string_view rule : {"+@all", "~*", "&*"}) static_cast<void>(user.permissions.apply(rule));
  return user;
}

std::vector<std::string_view> flags_of(const User& user) {
  std::vector<std::string_view> flags{user.enabled ? "on" : "off"};
  if (user.any_password) flags.emplace_back("nopass");
  if (user.sanitize == User::Sanitize::skip) flags.emplace_back("skip-sanitize-payload");
  if (user.sanitize == User::Sanitize::yes) flags.emplace_back("sanitize-payload");
  return flags;
}

std::string describe_user(const User& user) {
  std::string line = fmt::format("user {}", user.name);
  for (const std::string_view flag : flags_of(user)) line.append(" ").append(flag);
  for (const PasswordHash& hash : user.passwords) line.append(" #").append(to_hexadecimal(hash));
  line.append(" ").append(user.permissions.describe());
  for (const Permissions& selector : user.selectors) line.append(fmt::format(" ({})", selector.describe()));
  return line;
}

}  // namespace understudy::server
