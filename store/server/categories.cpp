#include "server/categories.hpp"

#include "server/glob.hpp"

#include <algorithm>
#include <array>

namespace understudy::server {
namespace {

template <std::uint32_t Bits>
bool has_flag(const Command& command) {
  return (command.flags & Bits) != 0;
}

template <std::uint32_t Bits>
bool has_category(const Command& command) {
  return (command.categories & Bits) != 0;
}

bool none(const Command&) { return false; }

constexpr auto table = std::to_array<Category>({
    {.name = "keyspace", .has = has_category<category::keyspace>},
    {.name = "read", .has = has_flag<flag::readonly>},
    {.name = "write", .has = has_flag<flag::write>},
    {.name = "set", .has = none},
    {.name = "sortedset", .has = none},
    {.name = "list", .has = none},
    {.name = "hash", .has = none},
    {.name = "string", .has = has_category<category::string>},
    {.name = "bitmap", .has = none},
    {.name = "hyperloglog", .has = none},
    {.name = "geo", .has = none},
    {.name = "stream", .has = none},
    {.name = "pubsub", .has = has_flag<flag::pubsub>},
    {.name = "admin",
     .has =
         [](const Command& command) {
           return has_flag<flag::admin>(command) || has_category<category::administrative>(command);
         }},
    {.name = "fast", .has = has_flag<flag::fast>},
    {.name = "slow", .has = [](const Command& command) { return !has_flag<flag::fast>(command); }},
    {.name = "blocking", .has = none},
    {.name = "dangerous",
     .has =
         [](const Command& command) {
           return has_flag<flag::admin>(command) || has_category<category::dangerous>(command);
         }},
    {.name = "connection", .has = has_category<category::connection>},
    {.name = "transaction", .has = has_category<category::transaction>},
    {.name = "scripting", .has = none},
});

}  // namespace

std::span<const Category> categories() noexcept { return table; }

const Category* find_category(std::string_view name) noexcept {
  const auto* const found = std::ranges::find_if(
      table, [&](const Category& each) { return glob_matches(each.name, name, LetterCase::ignored); });
  return found == table.end() ? nullptr : found;
}

}  // namespace understudy::server
