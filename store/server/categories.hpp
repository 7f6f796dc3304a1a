// The categories of commands, as COMMAND INFO, ACL CAT and the rules of users name them. Those that we have no command
// of are named, too: rules that were written for Redis may speak of them.
//
// Threads: everything here is constant.
#pragma once

#include "server/command.hpp"

#include <span>
#include <string_view>

namespace understudy::server {

struct Category {
  std::string_view name;  ///< Without the sign in front: "read".
  bool (*has)(const Command& command);
};

/// All, in the order of Redis.
[[nodiscard]] std::span<const Category> categories() noexcept;
/// The one with this name, in letters of any size; null if there is none.
[[nodiscard]] const Category* find_category(std::string_view name) noexcept;

}  // namespace understudy::server
