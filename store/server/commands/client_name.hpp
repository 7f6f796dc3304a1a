// What a client may call itself, and what we call ourselves.
#pragma once

#include "understudy/base/bytes.hpp"

#include <algorithm>
#include <string_view>

namespace understudy::server {

/// The version of Redis whose commands and replies are the model. Clients look at it to know what they may use.
inline constexpr std::string_view redis_version = "7.0.15";

inline constexpr std::string_view bad_client_name =
    "ERR Client names cannot contain spaces, newlines or special characters.";

/// Printable, and no spaces: names stand in lines of words. The empty name takes a name away.
[[nodiscard]] inline bool is_client_name(BytesView name) noexcept {
  return std::ranges::all_of(name, [](char letter) { return letter >= '!' && letter <= '~'; });
}

}  // namespace understudy::server
