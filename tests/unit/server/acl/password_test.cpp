#include "server/acl/password.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

TEST(Password, IsHashedAsRedisDoes) {
  EXPECT_EQ(to_hexadecimal(hash_password("foo")), "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
  EXPECT_EQ(to_hexadecimal(hash_password("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Password, HashesAreTheSameOrNot) {
  const PasswordHash hash = hash_password("foo");
  EXPECT_TRUE(same_hash(hash, hash_password("foo")));
  for (std::size_t i = 0; i < hash.size(); ++i) {
    PasswordHash other = hash;
    other.at(i) ^= 1U;
    EXPECT_FALSE(same_hash(hash, other)) << i;
  }
}

TEST(Password, HashesAreReadInOneFormOnly) {
  const std::string text = to_hexadecimal(hash_password("foo"));
  EXPECT_EQ(parse_hash(text), hash_password("foo"));
  EXPECT_EQ(parse_hash(text.substr(1)), std::nullopt);
  EXPECT_EQ(parse_hash(text + "0"), std::nullopt);
  std::string capitals = text;
  capitals[1] = 'C';
  EXPECT_EQ(parse_hash(capitals), std::nullopt);
  std::string other = text;
  other[63] = 'g';
  EXPECT_EQ(parse_hash(other), std::nullopt);
  EXPECT_EQ(parse_hash(""), std::nullopt);
}

TEST(Password, ThoseThatAreMadeHaveAsManyDigitsAsHoldTheirBits) {
  EXPECT_EQ(make_password(256).size(), 64U);
  EXPECT_EQ(make_password(1).size(), 1U);
  EXPECT_EQ(make_password(5).size(), 2U);
  EXPECT_EQ(make_password(4096).size(), 1024U);
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) made.insert(make_password(128));
  EXPECT_EQ(made.size(), 100U);
}

}  // namespace
}  // namespace understudy::server
