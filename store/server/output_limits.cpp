#include "server/output_limits.hpp"

#include "server/commands/arguments.hpp"
#include "server/memory_limit.hpp"

#include <array>
#include <limits>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy::server {
namespace {

using Class = std::pair<std::string_view, OutputLimits OutputLimitsByClass::*>;
/// In the order in which they are shown, under their first name.
constexpr std::array<Class, 4> classes{{{"normal", &OutputLimitsByClass::normal},
                                        {"slave", &OutputLimitsByClass::replica},
                                        {"pubsub", &OutputLimitsByClass::pubsub},
                                        {"replica", &OutputLimitsByClass::replica}}};
constexpr std::size_t classes_shown = 3;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (const auto word : text | std::views::split(' ')) words.emplace_back(word.begin(), word.end());
  return words;
}

std::optional<OutputLimits> parse_limits(std::string_view hard, std::string_view soft, std::string_view seconds) {
  const std::optional<std::uint64_t> hard_bytes = parse_memory_size(hard);
  const std::optional<std::uint64_t> soft_bytes = parse_memory_size(soft);
  const std::optional<std::int64_t> time = parse_integer(seconds);
  if (!hard_bytes || !soft_bytes || !time || *time < 0 || *time > std::numeric_limits<std::int32_t>::max())
    return std::nullopt;
  return OutputLimits{.hard_bytes = *hard_bytes, .soft_bytes = *soft_bytes, .soft_time = std::chrono::seconds(*time)};
}

}  // namespace

std::expected<OutputLimitsByClass, std::string_view> parse_output_limits(std::string_view text,
                                                                         OutputLimitsByClass before) {
  constexpr std::size_t words_each = 4;
  const std::vector<std::string_view> words = words_of(text);
  if (words.size() % words_each != 0)
    return std::unexpected("Wrong number of arguments in buffer limit configuration.");
  for (std::size_t i = 0; i < words.size(); i += words_each) {
    const auto* const found =
        std::ranges::find_if(classes, [&](const Class& each) { return is_same_word(words[i], each.first); });
    if (found == classes.end()) return std::unexpected("Invalid client class specified in buffer limit configuration.");
    const std::optional<OutputLimits> limits = parse_limits(words[i + 1], words[i + 2], words[i + 3]);
    if (!limits) return std::unexpected("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    before.*found->second = *limits;
  }
  return before;
}

std::string describe_output_limits(const OutputLimitsByClass& limits) {
  std::string text;
  for (const auto& [name, member] : classes | std::views::take(classes_shown)) {
    const OutputLimits& each = limits.*member;
    text += fmt::format("{}{} {} {} {}", text.empty() ? "" : " ", name, each.hard_bytes, each.soft_bytes,
                        each.soft_time.count());
  }
  return text;
}

}  // namespace understudy::server
