// The text of the users' file, as Redis has it: a line "user NAME RULES…" each, with the rules of user.hpp. What is
// written has passwords as hashes, whatever was read.
//
// Threads: pure functions.
#pragma once

#include "server/acl/user.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::server {

/// A name must not hold what would end its line, or its word.
[[nodiscard]] bool is_user_name(BytesView name) noexcept;

/// The user of one line, made from nothing. The error says which rule is wrong.
[[nodiscard]] Result<User> parse_user(BytesView name, BytesView rules);

/// All users of a file. Fails with invalid_argument and every mistake that is in it, worded as Redis does; `file` is
/// how it is called there.
[[nodiscard]] Result<std::vector<User>> parse_users(std::string_view text, std::string_view file);

[[nodiscard]] std::string write_users(std::span<const std::shared_ptr<const User>> users);

}  // namespace understudy::server
