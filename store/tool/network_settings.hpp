// Those of the settings that say where clients come in, which of them, and how much they may have.
//
// Threads: pure functions.
#pragma once

#include "tool/settings.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace understudy::tool {

[[nodiscard]] std::span<const SettingRow> network_setting_rows() noexcept;

/// A whole number from `least` to `most`.
[[nodiscard]] Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most);

}  // namespace understudy::tool
