#include "journal/segment_name.hpp"

#include "journal/invariant.hpp"

#include <algorithm>
#include <charconv>

namespace understudy::journal {

namespace {

constexpr std::string_view prefix = "journal-";
constexpr std::string_view suffix = ".log";
constexpr std::size_t digits = 10;

}  // namespace

std::string segment_name(std::uint64_t number) {
  const std::string figures = std::to_string(number);
  require(number > 0 && figures.size() <= digits, "a segment's number fits its name");
  return std::string(prefix) + std::string(digits - figures.size(), '0') + figures + std::string(suffix);
}

std::optional<std::uint64_t> segment_number(std::string_view name) noexcept {
  if (name.size() != prefix.size() + digits + suffix.size()) return std::nullopt;
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  const std::string_view figures = name.substr(prefix.size(), digits);
  if (!std::ranges::all_of(figures, [](char figure) { return figure >= '0' && figure <= '9'; })) return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(figures.data(), figures.data() + figures.size(), number);
  if (number == 0) return std::nullopt;
  return number;
}

}  // namespace understudy::journal
