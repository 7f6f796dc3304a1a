#include "server/glob.hpp"

#include "understudy/base/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

TEST(GlobTest, PlainTextMatchesItselfAlone) {
  EXPECT_TRUE(glob_matches("hello", "hello"));
  EXPECT_FALSE(glob_matches("hello", "hell"));
  EXPECT_FALSE(glob_matches("hell", "hello"));
  EXPECT_FALSE(glob_matches("hello", "Hello"));
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_FALSE(glob_matches("a", ""));
}

TEST(GlobTest, AStarMatchesAnyBytes) {
  EXPECT_TRUE(glob_matches("*", "anything"));
  EXPECT_FALSE(glob_matches("*", "")) << "as in Redis";
  EXPECT_FALSE(glob_matches("**", ""));
  EXPECT_TRUE(glob_matches("h*llo", "hllo"));
  EXPECT_TRUE(glob_matches("h*llo", "heeeello"));
  EXPECT_TRUE(glob_matches("*ab*ab", "abxabab"));
  EXPECT_FALSE(glob_matches("*ab*ab", "xab"));
  EXPECT_FALSE(glob_matches("a*", "ba"));
  EXPECT_TRUE(glob_matches(std::string_view("a*\0b", 4), std::string_view("a\0\xff\0b", 5)));
}

TEST(GlobTest, AQuestionMarkMatchesOneByte) {
  EXPECT_TRUE(glob_matches("h?llo", "hello"));
  EXPECT_FALSE(glob_matches("h?llo", "hllo"));
  EXPECT_FALSE(glob_matches("?", "\u00e9")) << "two bytes in UTF-8";
  EXPECT_TRUE(glob_matches("??", "\u00e9"));
}

TEST(GlobTest, AClassMatchesOneByteInIt) {
  EXPECT_TRUE(glob_matches("h[ae]llo", "hello"));
  EXPECT_FALSE(glob_matches("h[ae]llo", "hillo"));
  EXPECT_TRUE(glob_matches("h[^e]llo", "hallo"));
  EXPECT_FALSE(glob_matches("h[^e]llo", "hello"));
  EXPECT_FALSE(glob_matches("[^e]", "")) << "no byte to match";
  EXPECT_TRUE(glob_matches("h[a-c]llo", "hbllo"));
  EXPECT_TRUE(glob_matches("h[c-a]llo", "hbllo"));
  EXPECT_FALSE(glob_matches("h[a-c]llo", "hdllo"));
  EXPECT_TRUE(glob_matches("[a-cx-z]", "y"));
  EXPECT_TRUE(glob_matches("[\x80-\xff]", "\xc3"));
  EXPECT_TRUE(glob_matches("[\\]]", "]"));
  EXPECT_TRUE(glob_matches("[\\^a]", "^"));
  EXPECT_TRUE(glob_matches("[a^]", "^"));
  EXPECT_TRUE(glob_matches("[*]", "*"));
  EXPECT_FALSE(glob_matches("[*]", "x"));
}

TEST(GlobTest, OddClassesMeanWhatRedisMakesOfThem) {
  EXPECT_FALSE(glob_matches("[]", "]"));
  EXPECT_TRUE(glob_matches("[^]", "x"));
  EXPECT_TRUE(glob_matches("[ab", "b")) << "not closed: ends with the pattern";
  EXPECT_FALSE(glob_matches("[", "["));
  EXPECT_TRUE(glob_matches("[a-", "-")) << "no range without its end";
  EXPECT_TRUE(glob_matches("[a-]", "^")) << "a range from ']' to 'a', and not closed";
}

TEST(GlobTest, ABackslashTakesMeaningAway) {
  EXPECT_TRUE(glob_matches("\\*", "*"));
  EXPECT_FALSE(glob_matches("\\*", "a"));
  EXPECT_TRUE(glob_matches("a\\?c", "a?c"));
  EXPECT_FALSE(glob_matches("a\\?c", "abc"));
  EXPECT_TRUE(glob_matches("\\[a]", "[a]"));
  EXPECT_TRUE(glob_matches("\\\\", "\\"));
  EXPECT_TRUE(glob_matches("a\\", "a\\")) << "at the end it stands for itself";
  EXPECT_TRUE(glob_matches("*\\*", "ab*"));
}

TEST(GlobTest, LetterCaseCanBeIgnored) {
  EXPECT_TRUE(glob_matches("MAX*[a-c]", "maxmemoryB", LetterCase::ignored));
  EXPECT_FALSE(glob_matches("MAX*", "maxmemory"));
  EXPECT_FALSE(glob_matches("\xc9", "\xe9", LetterCase::ignored)) << "letters of ASCII only";
}

TEST(GlobTest, ManyStarsTakeNoExponentialTime) {
  std::string pattern;
  for (int star = 0; star < 200; ++star) pattern += "a*";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(20'000, 'a')));
  EXPECT_FALSE(glob_matches(std::string(50'000, '*') + "b", std::string(50'000, 'a')));
}

TEST(GlobTest, StepsAreCountedAndNotExceeded) {
  const auto cost = [](BytesView pattern, BytesView text) {
    constexpr std::size_t many = 1'000'000'000;
    std::size_t left = many;
    EXPECT_FALSE(glob_matches(pattern, text, LetterCase::exact, left));
    return many - left;
  };
  const std::string text(1000, 'a');
  EXPECT_LT(cost("user:*", text), 3U);
  EXPECT_LT(cost("*b", text), 5U) << "to the next byte that fits, at once";
  EXPECT_GT(cost("*" + std::string(500, 'a') + "b", text), 100'000U);
  EXPECT_GT(cost("*[" + std::string(1000, 'b'), text), 900'000U);

  for (const std::string& pattern : {"*" + std::string(500, 'a') + "b", "*[" + std::string(100'000, 'b'),
                                     std::string(100'000, '['), "[" + std::string(100'000, 'a') + "]*"}) {
    std::size_t left = 10'000;
    EXPECT_FALSE(glob_matches(pattern, text, LetterCase::exact, left));
    EXPECT_EQ(left, 0U) << pattern.substr(0, 10);
  }
}

TEST(GlobTest, PatternsMadeToTakeForEverEnd) {
  const std::string text(1'000'000, 'a');
  EXPECT_FALSE(glob_matches("*" + std::string(100'000, '?') + "b*" + std::string(100'000, 'a') + "c", text));
  EXPECT_FALSE(glob_matches("*[" + std::string(100'000, 'b') + "]c", text));
  EXPECT_FALSE(glob_matches(std::string(100'000, '['), text));
  std::string bomb;
  for (int i = 0; i < 50'000; ++i) bomb += "*a";
  EXPECT_TRUE(glob_matches(bomb, text));
  EXPECT_FALSE(glob_matches(bomb + "*b", text));
}

/// What the rules say, followed to the letter; takes exponential time.
bool matches_by_definition(std::string_view pattern, std::string_view text) {  // of a text that is not empty
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (std::size_t taken = 0; taken <= text.size(); ++taken) {
      if (matches_by_definition(pattern.substr(1), text.substr(taken))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '[') {
    // The alphabet below makes only classes of the form [^xy...] without ranges and escapes.
    std::size_t end = 1;
    const bool negated = end < pattern.size() && pattern[end] == '^';
    if (negated) ++end;
    bool found = false;
    for (; end < pattern.size() && pattern[end] != ']'; ++end) found = found || pattern[end] == text[0];
    if (found == negated) return false;
    return matches_by_definition(pattern.substr(std::min(end + 1, pattern.size())), text.substr(1));
  }
  return (pattern[0] == '?' || pattern[0] == text[0]) && matches_by_definition(pattern.substr(1), text.substr(1));
}

TEST(GlobTest, AgreesWithTheDefinition) {
  constexpr std::string_view pattern_alphabet = "ab*?[]^*";
  for (std::uint64_t seed = 0; seed < 50'000; ++seed) {
    SeededRandom random(seed);
    std::string pattern;
    std::string text;
    for (std::uint64_t size = random.below(9); size > 0; --size) pattern += pattern_alphabet[random.below(8)];
    for (std::uint64_t size = random.below(8); size > 0; --size) text += "ab]"[random.below(3)];
    if (text.empty()) continue;
    ASSERT_EQ(glob_matches(pattern, text), matches_by_definition(pattern, text))
        << "pattern " << pattern << " text " << text << " seed " << seed;
  }
}

}  // namespace
}  // namespace understudy::server
