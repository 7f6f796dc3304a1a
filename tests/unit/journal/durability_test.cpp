#include "understudy/journal/durability.hpp"

#include <array>
#include <string_view>

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(Durability, IsParsedFromItsOwnName) {
  for (const Durability durability : std::array{Durability::always, Durability::interval, Durability::none}) {
    const auto parsed = parse_durability(name_of(durability));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, durability);
  }
}

TEST(Durability, AnotherNameIsRefusedWithTheNamesThatWouldDo) {
  for (const std::string_view name : {"", "Always", "always ", "sometimes"}) {
    const auto parsed = parse_durability(name);
    ASSERT_FALSE(parsed) << name;
    EXPECT_EQ(parsed.error(), ErrorCode::invalid_argument);
    EXPECT_NE(parsed.error().message().find("always, interval or none"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace understudy
