#include "server/letters.hpp"

#include <string>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

TEST(Letters, OnlyThoseOfAsciiHaveTwoSizes) {
  const std::string bytes = all_bytes();
  const std::string small = small_letters(bytes);
  const std::string capital = capital_letters(bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(small[i], i >= 'A' && i <= 'Z' ? static_cast<char>(i + 32) : bytes[i]) << i;
    EXPECT_EQ(capital[i], i >= 'a' && i <= 'z' ? static_cast<char>(i - 32) : bytes[i]) << i;
  }
}

TEST(Letters, AWordIsFoundInLettersOfAnySize) {
  for (const auto* const text : {"KEEPTTL", "keepttl", "KeepTtl"}) EXPECT_TRUE(is_word(text, "KEEPTTL")) << text;
  for (const auto* const text : {"", "KEEPTT", "KEEPTTLS", "K\xC5\x45PTTL", "KEEPTTL\n"})
    EXPECT_FALSE(is_word(text, "KEEPTTL")) << text;
  EXPECT_FALSE(is_word("[", "{"));
  EXPECT_FALSE(is_word("{", "["));
}

TEST(Letters, WordsAreTheSameInLettersOfAnySize) {
  EXPECT_TRUE(is_same_word("", ""));
  EXPECT_TRUE(is_same_word("Tls-Auth-Clients", "tLS-aUTH-cLIENTS"));
  EXPECT_FALSE(is_same_word("no", "not"));
  EXPECT_FALSE(is_same_word("@", "`"));
  EXPECT_FALSE(is_same_word("\xC4", "\xE4"));
}

}  // namespace
}  // namespace understudy::server
