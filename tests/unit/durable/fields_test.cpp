// Fields come back as they were written, in every version; and whatever bytes are read, the end is a value or a fault.
#include "understudy/durable/fields.hpp"

#include "understudy/base/random.hpp"

#include <deque>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy {
namespace {

enum class Colour : std::uint16_t { red = 1, blue = 700 };

struct Inner {
  std::string text;
  std::optional<std::int32_t> number;
  void fields(auto& field) { field(text, number); }
  bool operator==(const Inner&) const = default;
};

struct Everything {
  bool truth = false;
  std::int8_t small = 0;
  std::uint64_t large = 0;
  double real = 0;
  Colour colour = Colour::red;
  std::vector<Inner> list;
  std::map<std::string, std::vector<std::uint16_t>> map;
  std::set<std::int64_t> set;
  std::deque<std::pair<bool, std::string>> pairs;
  std::vector<bool> bits;
  void fields(auto& field) {
    field(truth, small, large, real, colour);
    field(list, map, set, pairs, bits);
  }
  bool operator==(const Everything&) const = default;
};

Everything sample() {
  return {.truth = true,
          .small = -3,
          .large = std::numeric_limits<std::uint64_t>::max(),
          .real = -0.125,
          .colour = Colour::blue,
          .list = {{"", {}}, {Bytes("\0\xff", 2), -1}, {std::string(300, 'x'), 7}},
          .map = {{"a", {1, 2}}, {"", {}}},
          .set = {std::numeric_limits<std::int64_t>::min(), 0, 5},
          .pairs = {{true, "x"}, {false, ""}},
          .bits = {true, false, true}};
}

template <typename T>
Bytes written(const T& value, std::uint32_t version = 1) {
  Bytes bytes;
  FieldWriter writer(bytes, version);
  writer(value);
  return bytes;
}

TEST(Fields, EveryKindComesBack) {
  const Bytes bytes = written(sample());
  FieldReader reader(bytes, 1);
  Everything read;
  reader(read);
  EXPECT_EQ(reader.fault(), std::nullopt);
  EXPECT_EQ(read, sample());
}

TEST(Fields, TheBytesAreThese) {
  Bytes bytes;
  FieldWriter writer(bytes, 1);
  writer(std::uint32_t{0x01020304}, true, Colour::blue, std::string("ab"), std::optional<bool>(),
         std::string(200, 'z'));
  const Bytes head(
      "\x04\x03\x02\x01\x01\xbc\x02\x02"
      "ab\0\xc8\x01",
      13);
  EXPECT_EQ(bytes, head + Bytes(200, 'z'));
}

TEST(Fields, CutAnywhereTheyAreFoundOut) {
  const Bytes bytes = written(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    FieldReader reader(BytesView(bytes).substr(0, length), 1);
    Everything read;
    reader(read);
    EXPECT_NE(reader.fault(), std::nullopt) << length;
  }
}

TEST(Fields, BytesLeftOverAreFoundOut) {
  const Bytes bytes = written(sample()) + 'x';
  FieldReader reader(bytes, 1);
  Everything read;
  reader(read);
  EXPECT_EQ(reader.fault(), "it has bytes left over");
}

TEST(Fields, ChangedBytesEndInAValueOrAFault) {
  const Bytes bytes = written(sample());
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    SeededRandom random(seed);
    Bytes changed = bytes;
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      changed[random.below(changed.size())] = static_cast<char>(random.below(256));
    }
    FieldReader reader(changed, 1);
    Everything read;
    reader(read);
    // What was taken for good is what the bytes say: written again it gives them, but for the order and doubles of sets
    // and maps, and for lengths that could have been shorter. So no more than this can be asked of it:
    if (!reader.fault()) {
      EXPECT_LE(written(read).size(), changed.size());
    }
  }
}

TEST(Fields, ALengthBeyondAllBytesAllocatesNothing) {
  Bytes bytes;
  FieldWriter writer(bytes, 1);
  writer(std::uint8_t{0xff}, std::uint64_t{0x01ffffffffffffff});
  std::vector<std::uint64_t> list;
  FieldReader reader(bytes, 1);
  reader(list);
  EXPECT_NE(reader.fault(), std::nullopt);
  EXPECT_LT(list.size(), 2U);
}

/// The same thing, in two releases of a program.
struct First {
  std::int32_t euros = 0;
  void fields(auto& field) { field(euros); }
};
struct Second {
  static constexpr std::uint32_t version = 2;
  std::int64_t cents = 0;
  std::string note = "none";
  void fields(auto& field) {
    if (field.version() < 2) {
      std::int32_t euros = 0;
      field(euros);
      cents = std::int64_t{euros} * 100;
      return;
    }
    field(cents, note);
    field.require(cents >= 0, "there is less than nothing");
  }
};

TEST(Fields, AnOldVersionIsMadeIntoWhatTookItsPlace) {
  static_assert(version_of<First>() == 1 && version_of<Second>() == 2);
  const Bytes old = written(First{.euros = 5}, 1);
  FieldReader reader(old, 1);
  Second read;
  reader(read);
  EXPECT_EQ(reader.fault(), std::nullopt);
  EXPECT_EQ(read.cents, 500);
  EXPECT_EQ(read.note, "none");
}

TEST(Fields, WhatMakesNoSenseIsSaidInTheirWords) {
  const Bytes bytes = written(Second{.cents = -1, .note = "x"}, 2);
  FieldReader reader(bytes, 2);
  Second read;
  reader(read);
  EXPECT_EQ(reader.fault(), "there is less than nothing");
}

}  // namespace
}  // namespace understudy
