#include "server/acl/user_file.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

namespace understudy::server {
namespace {

bool is_space(char byte) noexcept { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

std::vector<BytesView> words_of(BytesView text) {
  std::vector<BytesView> words;
  for (std::size_t at = 0; at < text.size();) {
    while (at < text.size() && is_space(text[at])) ++at;
    const std::size_t begin = at;
    while (at < text.size() && !is_space(text[at])) ++at;
    if (at > begin) words.push_back(text.substr(begin, at - begin));
  }
  return words;
}

/// Of a line "user NAME RULE...". A name may be empty: what is written of such a user is a second space, and whether it
/// is on or off. Spaces are overlooked otherwise.
std::vector<BytesView> words_of_line(BytesView line) {
  std::vector<BytesView> words = words_of(line);
  if (words.size() < 2) return words;
  const BytesView behind = line.substr(static_cast<std::size_t>(words[0].data() - line.data()) + words[0].size());
  if (behind.starts_with("  ") && (words[1] == "on" || words[1] == "off")) words.insert(words.begin() + 1, BytesView());
  return words;
}

Result<User> make_user(BytesView name, std::span<const BytesView> words) {
  const Result<std::vector<std::string>> rules = join_selectors(words);
  if (!rules) return failure(ErrorCode::invalid_argument, "Unmatched parenthesis in selector definition");
  User user{.name = std::string(name)};
  for (const std::string& rule : *rules) {
    const Result<void> applied = apply_rule(user, rule);
    if (applied) continue;
    // Others may be passwords, or what was meant to be one. Redis shows none of those either.
    if (applied.error().message() != unknown_name) return std::unexpected(applied.error());
    return failure(ErrorCode::invalid_argument,
                   fmt::format("Error in applying operation '{}': {}", rule, applied.error().message()));
  }
  return user;
}

}  // namespace

bool is_user_name(BytesView name) noexcept {
  return std::ranges::none_of(name, [](char byte) { return is_space(byte) || byte == 0; });
}

Result<User> parse_user(BytesView name, BytesView rules) { return make_user(name, words_of(rules)); }

Result<std::vector<User>> parse_users(std::string_view text, std::string_view file) {
  std::vector<User> users;
  std::set<std::string, std::less<>> names;
  std::string mistakes;
  const auto add = std::back_inserter(mistakes);
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::vector<BytesView> words = words_of_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (words.empty()) continue;
    if (words[0] != "user" || words.size() < 2) {
      fmt::format_to(add, "{}:{} should start with user keyword followed by the username. ", file, number);
      continue;
    }
    if (!names.emplace(words[1]).second) {
      fmt::format_to(add, "WARNING: Duplicate user '{}' found on line {}. ", words[1], number);
      continue;
    }
    Result<User> user = make_user(words[1], std::span(words).subspan(2));
    if (user) {
      users.push_back(std::move(*user));
    } else {
      fmt::format_to(add, "{}:{}: {}. ", file, number, user.error().message());
    }
  }
  if (mistakes.empty()) return users;
  mistakes.pop_back();
  return failure(ErrorCode::invalid_argument, std::move(mistakes));
}

std::string write_users(std::span<const std::shared_ptr<const User>> users) {
  std::string text;
  for (const auto& user : users) text.append(describe_user(*user)).append("\n");
  return text;
}

}  // namespace understudy::server
