#include "journal/snapshot_name.hpp"

#include <algorithm>
#include <charconv>

namespace understudy::journal {

namespace {

constexpr std::string_view prefix = "snapshot-";
constexpr std::string_view suffix = ".dat";
constexpr std::string_view unfinished_suffix = ".new";
constexpr std::size_t digits = 20;

std::string name_with(Lsn covers, std::string_view ending) {
  const std::string figures = std::to_string(covers);
  return std::string(prefix) + std::string(digits - figures.size(), '0') + figures + std::string(ending);
}

std::optional<Lsn> number_in(std::string_view name, std::string_view ending) noexcept {
  if (name.size() != prefix.size() + digits + ending.size()) return std::nullopt;
  if (!name.starts_with(prefix) || !name.ends_with(ending)) return std::nullopt;
  const std::string_view figures = name.substr(prefix.size(), digits);
  if (!std::ranges::all_of(figures, [](char figure) { return figure >= '0' && figure <= '9'; })) return std::nullopt;
  Lsn number = 0;
  const auto read = std::from_chars(figures.data(), figures.data() + figures.size(), number);
  if (read.ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

std::string snapshot_name(Lsn covers) { return name_with(covers, suffix); }
std::string unfinished_snapshot_name(Lsn covers) { return name_with(covers, unfinished_suffix); }
std::optional<Lsn> snapshot_covers(std::string_view name) noexcept { return number_in(name, suffix); }
bool is_unfinished_snapshot(std::string_view name) noexcept { return number_in(name, unfinished_suffix).has_value(); }

}  // namespace understudy::journal
