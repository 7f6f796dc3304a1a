#include "server/resp_writer.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

/// What `write` appends in one version of the protocol.
template <typename Write>
std::string written(RespVersion version, Write write) {
  std::string out;
  RespWriter writer(out, version);
  write(writer);
  return out;
}
template <typename Write>
std::string in_resp2(Write write) {
  return written(RespVersion::resp2, write);
}
template <typename Write>
std::string in_resp3(Write write) {
  return written(RespVersion::resp3, write);
}

TEST(RespWriterTest, AppendsToWhatIsThere) {
  std::string out = "+OK\r\n";
  RespWriter writer(out);
  writer.simple("PONG");
  writer.integer(7);
  EXPECT_EQ(out, "+OK\r\n+PONG\r\n:7\r\n");
}

TEST(RespWriterTest, WritesTheTypesThatBothVersionsShareAlike) {
  for (const RespVersion version : {RespVersion::resp2, RespVersion::resp3}) {
    EXPECT_EQ(written(version, [](RespWriter& w) { w.error("ERR syntax error"); }), "-ERR syntax error\r\n");
    EXPECT_EQ(written(version, [](RespWriter& w) { w.bulk("hello"); }), "$5\r\nhello\r\n");
    EXPECT_EQ(written(version, [](RespWriter& w) { w.bulk(""); }), "$0\r\n\r\n");
    EXPECT_EQ(written(version, [](RespWriter& w) { w.bulk(BytesView("a\0\r\n", 4)); }),
              std::string("$4\r\na\0\r\n\r\n", 10));
    EXPECT_EQ(written(version, [](RespWriter& w) { w.array(3); }), "*3\r\n");
    EXPECT_EQ(written(version, [](RespWriter& w) { w.array(0); }), "*0\r\n");
    EXPECT_EQ(written(version, [](RespWriter& w) { w.integer(std::numeric_limits<std::int64_t>::min()); }),
              ":-9223372036854775808\r\n");
    EXPECT_EQ(written(version, [](RespWriter& w) { w.integer(std::numeric_limits<std::int64_t>::max()); }),
              ":9223372036854775807\r\n");
  }
}

TEST(RespWriterTest, GivesVersion2TheFormsThatRedisGivesIt) {
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.null(); }), "$-1\r\n");
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.null_array(); }), "*-1\r\n");
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.map(2); }), "*4\r\n");
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.set(2); }), "*2\r\n");
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.push(2); }), "*2\r\n");
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.number(1.5); }), "$3\r\n1.5\r\n");
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.boolean(true); }), ":1\r\n");
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.boolean(false); }), ":0\r\n");
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.verbatim("txt", "a\nb"); }), "$3\r\na\nb\r\n");
}

TEST(RespWriterTest, GivesVersion3ItsOwnTypes) {
  EXPECT_EQ(in_resp3([](RespWriter& w) { w.null(); }), "_\r\n");
  EXPECT_EQ(in_resp3([](RespWriter& w) { w.null_array(); }), "_\r\n");
  EXPECT_EQ(in_resp3([](RespWriter& w) { w.map(2); }), "%2\r\n");
  EXPECT_EQ(in_resp3([](RespWriter& w) { w.set(2); }), "~2\r\n");
  EXPECT_EQ(in_resp3([](RespWriter& w) { w.push(2); }), ">2\r\n");
  EXPECT_EQ(in_resp3([](RespWriter& w) { w.number(1.5); }), ",1.5\r\n");
  EXPECT_EQ(in_resp3([](RespWriter& w) { w.boolean(true); }), "#t\r\n");
  EXPECT_EQ(in_resp3([](RespWriter& w) { w.boolean(false); }), "#f\r\n");
  EXPECT_EQ(in_resp3([](RespWriter& w) { w.verbatim("txt", "a\nb"); }), "=7\r\ntxt:a\nb\r\n");
}

TEST(RespWriterTest, NumbersAreTheShortestThatReadBack) {
  const auto text = [](double value) {
    const std::string line = in_resp3([&](RespWriter& w) { w.number(value); });
    return line.substr(1, line.size() - 3);
  };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(-0.0), "-0");
  EXPECT_EQ(text(3), "3");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(-2.5), "-2.5");
  EXPECT_EQ(text(100000), "100000");
  EXPECT_EQ(text(1e16), "10000000000000000");
  EXPECT_EQ(text(1e21), "1e+21");
  EXPECT_EQ(text(0.00012345678901234567), "0.00012345678901234567");
  EXPECT_EQ(text(1.5e-7), "1.5e-07");
  EXPECT_EQ(text(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(text(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(text(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(RespWriterTest, LineEndsCannotEndALineEarly) {
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.error("ERR unknown command 'a\r\n+OK\n'"); }),
            "-ERR unknown command 'a  +OK '\r\n");
  EXPECT_EQ(in_resp2([](RespWriter& w) { w.simple("a\rb"); }), "+a b\r\n");
  std::string out = "$1\r\na\r\n";
  RespWriter(out).error("ERR");
  EXPECT_EQ(out, "$1\r\na\r\n-ERR\r\n") << "what was there before is left alone";
}

TEST(RespWriterTest, TheVersionCanChangeBetweenReplies) {
  std::string out;
  RespWriter writer(out);
  EXPECT_EQ(writer.version(), RespVersion::resp2);
  writer.null();
  writer.set_version(RespVersion::resp3);
  writer.null();
  EXPECT_EQ(out, "$-1\r\n_\r\n");
}

}  // namespace
}  // namespace understudy::server
