// The names of segment files: journal-0000000001.log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy::journal {

/// The name of the segment with this number.
[[nodiscard]] std::string segment_name(std::uint64_t number);
/// The number in a segment's name; empty for any other name.
[[nodiscard]] std::optional<std::uint64_t> segment_number(std::string_view name) noexcept;

}  // namespace understudy::journal
