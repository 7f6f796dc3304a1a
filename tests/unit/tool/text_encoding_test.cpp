#include "tool/text_encoding.hpp"

#include "understudy/base/random.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

// What a check of pieces finds is what a look at the whole finds, wherever it is cut.
TEST(TextEncodingTest, PiecesAreAsValidAsTheWhole) {
  const std::vector<std::string> parts{
      "a",        "\u00e9", "\u20ac",       "\U0001F600", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf", "\xff",
      "\xe2\x82", "\xc3",   "\xed\xa0\x80", "\xf0\x9f",   "\x80",         "\xe0\x9f\x80"};
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    SeededRandom random(seed);
    std::string text;
    for (std::uint64_t count = random.below(6); count > 0; --count) {
      text += parts[random.chance(80) ? random.below(6) : random.below(parts.size())];
    }
    Utf8Check check;
    std::optional<std::uint64_t> invalid;
    for (std::size_t at = 0; !invalid && at < text.size();) {
      const std::string piece = text.substr(at, 1 + random.below(4));
      invalid = check.feed(piece);
      at += piece.size();
    }
    if (!invalid) invalid = check.finish();
    ASSERT_EQ(invalid, find_invalid_utf8(text)) << "seed " << seed;
  }
}

TEST(TextEncodingTest, HexadecimalDigitsAndBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(from_hex(to_hex(all)), all);
  EXPECT_EQ(to_hex("h\xff"), "68ff");
  for (const char* wrong : {"6", "6g", "FF", " 6", "\u00e9"}) EXPECT_EQ(from_hex(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace understudy::store
