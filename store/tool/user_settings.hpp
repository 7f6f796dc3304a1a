// The settings about users: `requirepass`, `aclfile`, and the table [users] of the settings' file.
//
// Threads: pure functions, but for those that are given to the server: they touch the file, and may be called from any
// thread.
#pragma once

#include "tool/settings.hpp"

#include <string>
#include <string_view>

#include <toml++/toml.h>

namespace understudy::tool {

/// Of the table that holds a user a line: its name, and its rules as a text.
inline constexpr std::string_view users_key = "users";

/// Only the password's hash is kept.
Result<void> apply_requirepass(Settings& settings, std::string_view text);
Result<void> apply_aclfile(Settings& settings, std::string_view text);
/// `file`: where the table stands; errors name it, the line, and the user.
Result<void> apply_users(Settings& settings, const toml::node& table, const std::string& file);

}  // namespace understudy::tool
