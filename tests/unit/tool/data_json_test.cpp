#include "tool/data_json.hpp"

#include "understudy/base/random.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using namespace std::string_literals;
using Entries = std::vector<DataEntry>;

Entries parsed(BytesView text) {
  const Result<Entries> entries = parse_data_json(text);
  EXPECT_TRUE(entries.has_value()) << (entries ? "" : entries.error().message());
  return entries.value_or(Entries{});
}

std::string error_of(BytesView text) {
  const Result<Entries> entries = parse_data_json(text);
  if (entries) return "no error";
  EXPECT_EQ(entries.error(), ErrorCode::data_damaged);
  return std::string(entries.error().message());
}

TEST(DataJsonTest, AKeyThatDiesHasItsTimeBesideItsValue) {
  const std::string text = R"({"a":{"value":[119],"expires_at_ms":1767225600000},"b":[1]})";
  const Entries entries{{"a", "w", WallTime(std::chrono::milliseconds(1'767'225'600'000))}, {"b", "\x01"}};
  EXPECT_EQ(parsed(text), entries);
  EXPECT_EQ(parsed(R"({"a":{"expires_at_ms":1767225600000,"value":[119]},"b":[1]})"), entries);
  EXPECT_EQ(write_data_json(entries), text);
  for (const auto& [wrong, why] :
       {std::pair(R"({"a":{"value":[1]}})", "no \"expires_at_ms\""),
        std::pair(R"({"a":{"expires_at_ms":5}})", "no \"value\""), std::pair(R"({"a":{}})", "no \"value\""),
        std::pair(R"({"a":{"value":[1],"ttl":5}})", "\"ttl\""),
        std::pair(R"({"a":{"value":[1],"value":[2],"expires_at_ms":5}})", "twice"),
        std::pair(R"({"a":{"value":[1],"expires_at_ms":5,"expires_at_ms":5}})", "twice"),
        std::pair(R"({"a":{"value":[1],"expires_at_ms":0}})", "above 0"),
        std::pair(R"({"a":{"value":[1],"expires_at_ms":[1]}})", "an array"),
        std::pair(R"({"a":{"value":7,"expires_at_ms":1}})", "not an array"),
        std::pair(R"({"a":{"value":[{}],"expires_at_ms":1}})", "an object"), std::pair(R"({"a":[{}]})", "an object")}) {
    EXPECT_NE(error_of(wrong).find(why), std::string::npos) << wrong << ": " << error_of(wrong);
  }
}

TEST(DataJsonTest, ReadsAndWritesTheForm) {
  const std::string text = R"({"hello":[119,111,114,108,100],"empty":[],"":[0,9,10,99,100,255]})";
  const Entries entries{{"hello", "world"}, {"empty", ""}, {"", "\0\t\nc\x64\xff"s}};
  EXPECT_EQ(parsed(text), entries);
  EXPECT_EQ(write_data_json(entries), text);
}

TEST(DataJsonTest, AnEmptyObjectHoldsNothing) {
  EXPECT_EQ(parsed("{}"), Entries{});
  EXPECT_EQ(parsed(" \r\n\t{ } \n"), Entries{});
  EXPECT_EQ(write_data_json({}), "{}");
}

TEST(DataJsonTest, SpaceIsTakenWhereJsonTakesIt) {
  EXPECT_EQ(parsed("\n{ \"a\" : [ 1 ,\t2 ] ,\r\n\"b\":[]}\n"), (Entries{{"a", "\x01\x02"}, {"b", ""}}));
}

TEST(DataJsonTest, KeysThatAreTextAreWrittenAsTheyAre) {
  EXPECT_EQ(write_data_json(Entries{{"\u00e9\U0001F600", ""}}), "{\"\u00e9\U0001F600\":[]}");
  EXPECT_EQ(write_data_json(Entries{{"a\"\\\n", ""}}), R"({"a\"\\\n":[]})");
  EXPECT_EQ(write_data_json(Entries{{"hex:68ff", ""}}), R"({"hex:68ff":[]})");
  EXPECT_EQ(parsed(R"({"\u00e9\ud83d\ude00\/":[]})"), (Entries{{"\u00e9\U0001F600/", ""}}));
}

TEST(DataJsonTest, OtherKeysAreWrittenInHexadecimal) {
  const std::vector<std::pair<Bytes, std::string>> cases{
      {"h\xff", R"(\u0000hex:68ff)"},                 // not UTF-8
      {"\xc0\x80", R"(\u0000hex:c080)"},              // longer than need be
      {"\xed\xa0\x80", R"(\u0000hex:eda080)"},        // a surrogate
      {"\xf4\x90\x80\x80", R"(\u0000hex:f4908080)"},  // past the last code point
      {"\xe2\x82", R"(\u0000hex:e282)"},              // cut short
      {"\0hex:a"s, R"(\u0000hex:006865783a61)"},      // would be taken for one of these
      {"\0hex:"s, R"(\u0000hex:006865783a)"},
      {"\0hex"s, R"(\u0000hex)"},  // would not
  };
  for (const auto& [key, in_file] : cases) {
    const std::string text = "{\"" + in_file + "\":[]}";
    EXPECT_EQ(write_data_json(Entries{{key, ""}}), text);
    EXPECT_EQ(parsed(text), (Entries{{key, ""}}));
  }
}

TEST(DataJsonTest, ABrokenHexadecimalKeyIsAnError) {
  for (const char* digits : {"6", "6G", "FF", "  ", "+1", "é"}) {
    EXPECT_NE(error_of(std::string(R"({"\u0000hex:)") + digits + "\":[]}").find("pairs of the digits"),
              std::string::npos)
        << digits;
  }
}

TEST(DataJsonTest, WhatIsWrongIsSaidWithItsPlace) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "line 1, byte offset 0: the file is empty; an empty store is written as {}"},
      {" \n ", "line 1, byte offset 0: the file is empty; an empty store is written as {}"},
      {"\xef\xbb\xbf{}", "line 1, byte offset 0: the file begins with a byte order mark; save it as UTF-8 without one"},
      {"\xff\xfe{\0}\0"s, "line 1, byte offset 0: the file is not valid UTF-8"},
      {"{\n\"\xc3(\":[1]}", "line 2, byte offset 3: the file is not valid UTF-8"},
      {"{\"a\":[1]",
       "line 1, byte offset 8: the file ends before its object does; it was truncated, after the key \"a\""},
      {"[1]", "line 1, byte offset 0: the file holds an array where one object from key to byte array belongs"},
      {"null", "line 1, byte offset 0: the file holds null where one object from key to byte array belongs"},
      {"12", "line 1, byte offset 0: the file holds 12 where one object from key to byte array belongs"},
      {R"({"a":1})", "line 1, byte offset 5: the value of key \"a\" is 1, not an array"},
      {R"({"a":{}})", "line 1, byte offset 6: the object of key \"a\" has no \"value\""},
      {R"({"a":"b"})", "line 1, byte offset 7: the value of key \"a\" is a string, not an array"},
      {"{\"a\":[0,\n256]}", "line 2, byte offset 9: element 1 of key \"a\" is 256, not a whole number from 0 to 255"},
      {"{\"a\":[1],\n\"a\":[2]}",
       "line 2, byte offset 12: the key \"a\" is there twice, and which of the two values counts is not for the import "
       "to "
       "choose"},
      {"{} {}", "line 1, byte offset 3: something follows the end of the object"},
      {"{}\0"s, "line 1, byte offset 2: something follows the end of the object"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(error_of(text), error) << text;
}

TEST(DataJsonTest, AnElementIsAWholeNumberFrom0To255InDigits) {
  for (const std::string element : {"-1", "256", "1.0", "1e2", "-0", "0.0", "1E0", "18446744073709551615",
                                    "-9223372036854775808", "1e400", "true", "null"}) {
    EXPECT_NE(error_of("{\"key\":[7," + element + "]}").find("element 1 of key \"key\" is " + element + ", not"),
              std::string::npos)
        << element;
  }
  EXPECT_NE(error_of(R"({"key":[7,"1"]})").find("element 1 of key \"key\" is a string, not"), std::string::npos);
  EXPECT_NE(error_of(R"({"key":[7,[1]]})").find("element 1 of key \"key\" is an array, not"), std::string::npos);
  EXPECT_NE(error_of(R"({"key":[7,{}]})").find("element 1 of key \"key\" is an object, not"), std::string::npos);
}

TEST(DataJsonTest, WhatIsNotJsonIsAnError) {
  for (const char* text :
       {"{\"a\":[007]}", "{\"a\":[1,]}", "{\"a\":[1],}", "{a:[1]}", "{'a':[1]}", "// no\n{}", "NaN", "{\"a\n\":[]}",
        "{\"a\":[1 2]}", R"({"\ud800":[]})", R"({"\x41":[]})", "{\"a\":[+1]}", "}"}) {
    EXPECT_NE(error_of(text).find("not valid JSON"), std::string::npos) << text;
  }
}

TEST(DataJsonTest, AKeyIsGivenTwiceHoweverItIsSpelled) {
  for (const char* text :
       {R"({"a":[1],"b":[],"a":[1]})", R"({"a":[1],"\u0061":[1]})", R"({"\u0000hex:61":[],"a":[]})"}) {
    EXPECT_NE(error_of(text).find("the key \"a\" is there twice"), std::string::npos) << text;
  }
  EXPECT_NE(error_of(R"({"\u0000hex:ff":[],"\u0000hex:ff":[]})").find(R"(the key "\u0000hex:ff" is there twice)"),
            std::string::npos);
}

TEST(DataJsonTest, EveryTruncationIsAnError) {
  const std::string text = "{\"h\u00e9\\u0041\" : [119, 0],\n\"\\u0000hex:ff\":[255]}";
  ASSERT_EQ(parsed(text).size(), 2U);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(error_of(text.substr(0, size)), "no error") << size;
  }
}

TEST(DataJsonTest, LongKeysAreCutInMessages) {
  std::string key;
  for (int letter = 0; letter < 5000; ++letter) key += "\u20ac";
  const std::string error = error_of("{\"" + key + "\":[300]}");
  EXPECT_LT(error.size(), 200U);
  EXPECT_NE(error.find("\u20ac...\" is 300"), std::string::npos) << error;
}

TEST(DataJsonTest, DepthCostsNothing) {
  EXPECT_NE(error_of("{\"a\":" + std::string(1'000'000, '[')), "no error");
  EXPECT_NE(error_of(std::string(1'000'000, '[')), "no error");
}

TEST(DataJsonTest, TheWritersStringMayBeEmptiedBetweenCalls) {
  std::string piece;
  std::string text;
  DataJsonWriter writer(piece);
  writer.add({.key = "a", .value = "\x01", .expires_at = std::nullopt});
  text += std::exchange(piece, "");
  writer.add({.key = "b", .value = "\x02\x03", .expires_at = std::nullopt});
  text += std::exchange(piece, "");
  writer.finish();
  EXPECT_EQ(text + piece, R"({"a":[1],"b":[2,3]})");
}

// Wherever the text is cut, what comes out is the same: entries, and what is wrong, with its place.
TEST(DataJsonTest, PiecesMeanWhatTheWholeMeans) {
  const std::vector<std::string> texts{"{\"h\u00e9\\u0041\" : [119, 0],\n\"\\u0000hex:ff\":[255]} \n"s,
                                       "{\"a\":[0,\n256]}"s,
                                       "{\"a\":[1],\n\"a\":[2]}"s,
                                       "{\"a\":[1, -0]}"s,
                                       "{\"a\":[12345678901234567890123]}"s,
                                       "{} \n{}"s,
                                       "{\n\"\xc3(\":[1]}"s,
                                       "12"s,
                                       "{\"a\":[1]"s,
                                       "{\"a\":\"some text\"}"s,
                                       " \n "s,
                                       "{\"a\":[1.5e3]}"s,
                                       "{\"\u20ac\xe2"s};
  for (const std::string& text : texts) {
    const Result<Entries> whole = parse_data_json(text);
    for (std::size_t size = 1; size < text.size(); ++size) {
      Entries entries;
      DataJsonReader reader([&entries](DataEntry entry) -> Result<void> {
        entries.emplace_back(std::move(entry.key), std::move(entry.value));
        return {};
      });
      Result<void> read;
      for (std::size_t at = 0; read && at < text.size(); at += size) {
        read = reader.feed(BytesView(text).substr(at, size));
      }
      if (read) read = reader.finish();
      ASSERT_EQ(read.has_value(), whole.has_value()) << text;
      if (whole) {
        ASSERT_EQ(entries, *whole) << text;
      } else if (text.find("some text") == std::string::npos) {  // A string that is cut is refused at the cut.
        ASSERT_EQ(read.error().message(), whole.error().message()) << text << " in pieces of " << size;
      }
    }
  }
}

TEST(DataJsonTest, WhatTheTakerRefusesIsSaidWithItsPlace) {
  DataJsonReader reader([](const DataEntry& entry) -> Result<void> {
    if (entry.key == "b") return failure(ErrorCode::storage_full, "full");
    return {};
  });
  const Result<void> read = reader.feed("{\"a\":[1],\n\"b\":[2],\"c\":[3]}");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), ErrorCode::storage_full);
  EXPECT_EQ(read.error().message(), "line 2, byte offset 16: full");
}

TEST(DataJsonTest, AnyEntriesComeBackAsTheyWere) {
  // Keys are made of what can go wrong: markers, digits, pieces of UTF-8, quotes, and any byte.
  const std::vector<std::string> pieces{"\0hex:"s, "\0"s, "hex:", "61",  "ff",   "\xc3", "\xa9", "\xed\xa0\x80",
                                        "\u20ac",  "\"",  "\\",   "\\u", "\x7f", "\n",   "a",    "\U0001F600"};
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SeededRandom random(seed);
    Entries entries;
    std::set<Bytes> keys;
    for (std::uint64_t count = random.below(8); count > 0; --count) {
      DataEntry entry;
      for (std::uint64_t size = random.below(6); size > 0; --size) {
        entry.key +=
            random.chance(70) ? pieces[random.below(pieces.size())] : Bytes(1, static_cast<char>(random.next()));
      }
      for (std::uint64_t size = random.below(20); size > 0; --size) entry.value += static_cast<char>(random.next());
      if (random.chance(30)) entry.expires_at = WallTime(std::chrono::milliseconds(1 + random.below(1U << 31U)));
      if (keys.insert(entry.key).second) entries.push_back(entry);
    }
    ASSERT_EQ(parsed(write_data_json(entries)), entries) << "seed " << seed;
  }
}

TEST(DataJsonTest, EveryShortKeyComesBackAsItWas) {
  Entries entries;
  for (unsigned first = 0; first < 256; ++first) {
    entries.push_back({Bytes(1, static_cast<char>(first)), Bytes(1, static_cast<char>(first))});
    for (unsigned second = 0; second < 256; ++second) {
      entries.push_back({Bytes{static_cast<char>(first), static_cast<char>(second)}, ""});
    }
  }
  EXPECT_EQ(parsed(write_data_json(entries)), entries);
}

}  // namespace
}  // namespace understudy::store
