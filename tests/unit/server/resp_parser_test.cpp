#include "server/resp_parser.hpp"

#include "understudy/base/random.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <malloc.h>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using Request = std::vector<std::string>;
using Outcome = RespParser::Outcome;

struct Session {
  std::vector<Request> requests;
  std::string error;
  std::size_t left = 0;  // bytes received and not consumed

  friend bool operator==(const Session&, const Session&) = default;
};

/// Feeds `input` in pieces whose sizes `piece` draws, from a buffer that moves in memory with every piece
/// (while it is small: copying it each time takes quadratic time).
template <typename PieceSize>
Session feed(std::string_view input, RespLimits limits, PieceSize piece) {
  RespParser parser(limits);
  Session session;
  std::string buffer;
  while (!input.empty() && session.error.empty()) {
    const std::size_t size = std::min<std::size_t>(piece(), input.size());
    buffer += input.substr(0, size);
    if (buffer.size() < 1024) {
      std::string moved = buffer;
      buffer.swap(moved);
    }
    input.remove_prefix(size);
    for (Outcome outcome = Outcome::request; outcome == Outcome::request;) {
      outcome = parser.next(buffer);
      if (outcome == Outcome::request) {
        session.requests.emplace_back(parser.arguments().begin(), parser.arguments().end());
      }
      if (outcome == Outcome::protocol_error) session.error = parser.error();
      buffer.erase(0, parser.consumed());
    }
  }
  // How much is left after an error depends on where the input was cut; nothing is done with it.
  session.left = session.error.empty() ? buffer.size() : 0;
  return session;
}

Session feed_whole(std::string_view input, RespLimits limits = {}) {
  return feed(input, limits, [&] { return input.size(); });
}
Session feed_bytes(std::string_view input, RespLimits limits = {}) {
  return feed(input, limits, [] { return 1; });
}

/// The requests in `input`, which must be whole and the same however it is cut.
std::vector<Request> requests_in(std::string_view input) {
  const Session session = feed_whole(input);
  EXPECT_EQ(session.error, "");
  EXPECT_EQ(session.left, 0U);
  EXPECT_EQ(session, feed_bytes(input));
  return session.requests;
}

/// The error that ends `input`, which must be the same however it is cut.
std::string error_in(std::string_view input, RespLimits limits = {}) {
  const Session session = feed_whole(input, limits);
  EXPECT_EQ(session, feed_bytes(input, limits));
  return session.error;
}

std::string encoded(const Request& request) {
  std::string text = "*" + std::to_string(request.size()) + "\r\n";
  for (const std::string& argument : request) {
    text += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
  }
  return text;
}

TEST(RespParserTest, ReadsAnArrayOfBulkStrings) {
  EXPECT_EQ(requests_in("*3\r\n$3\r\nSET\r\n$5\r\nhello\r\n$0\r\n\r\n"), (std::vector<Request>{{"SET", "hello", ""}}));
}

TEST(RespParserTest, ArgumentsHoldAnyBytes) {
  const Request request{"SET", std::string("a\0\r\n$5\r\n", 9), "\xff\xfe*1\r\n"};
  EXPECT_EQ(requests_in(encoded(request)), std::vector<Request>{request});
}

TEST(RespParserTest, ArgumentsPointIntoTheBuffer) {
  const std::string buffer = encoded({"GET", "hello"});
  RespParser parser;
  ASSERT_EQ(parser.next(buffer), Outcome::request);
  EXPECT_EQ(parser.arguments()[1].data(), buffer.data() + buffer.find("hello"));
  EXPECT_EQ(parser.consumed(), buffer.size());
}

TEST(RespParserTest, PipelinedRequestsOfBothFormsComeInOrder) {
  EXPECT_EQ(requests_in("*1\r\n$4\r\nPING\r\nget a\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\nQUIT\n"),
            (std::vector<Request>{{"PING"}, {"get", "a"}, {"GET", "b"}, {"QUIT"}}));
}

TEST(RespParserTest, EmptyRequestsAreSkipped) {
  EXPECT_EQ(requests_in("*0\r\n\r\n\n*-1\r\n*-10\r\n  \t \r\nPING\r\n*0\r\n"), (std::vector<Request>{{"PING"}}));
}

TEST(RespParserTest, ConsumesSkippedRequestsWhenTheNextIsIncomplete) {
  RespParser parser;
  EXPECT_EQ(parser.next("*0\r\n\r\n*1\r\n$4\r\nPI"), Outcome::incomplete);
  EXPECT_EQ(parser.consumed(), 6U);
  EXPECT_EQ(parser.next("*1\r\n$4\r\nPING\r\n"), Outcome::request);
}

TEST(RespParserTest, AnIncompleteRequestStaysInTheBuffer) {
  const Session session = feed_whole("*2\r\n$3\r\nGET\r\n$5\r\nhel");
  EXPECT_TRUE(session.requests.empty());
  EXPECT_EQ(session.left, 20U);
}

TEST(RespParserTest, InlineWordsFollowTheQuotingOfRedis) {
  EXPECT_EQ(requests_in("  set\tkey  value \r\n"), (std::vector<Request>{{"set", "key", "value"}}));
  EXPECT_EQ(requests_in("set \"a b\" 'c d'\n"), (std::vector<Request>{{"set", "a b", "c d"}}));
  EXPECT_EQ(requests_in("set \"\" ''\n"), (std::vector<Request>{{"set", "", ""}}));
  EXPECT_EQ(requests_in(R"(echo "\n\r\t\b\a\\\"\q")"
                        "\n"),
            (std::vector<Request>{{"echo", "\n\r\t\b\a\\\"q"}}));
  EXPECT_EQ(requests_in(R"(echo "\x41\xfF\x4" "\xzz")"
                        "\n"),
            (std::vector<Request>{{"echo", "A\xffx4", "xzz"}}));
  EXPECT_EQ(requests_in(R"(echo 'it\'s' '\n\q')"
                        "\n"),
            (std::vector<Request>{{"echo", "it's", "\\n\\q"}}));
  EXPECT_EQ(requests_in("echo pre\"fix ed\" back\\slash\n"),
            (std::vector<Request>{{"echo", "prefix ed", "back\\slash"}}));
}

TEST(RespParserTest, UnbalancedQuotesAreAnError) {
  const std::string expected = "Protocol error: unbalanced quotes in request";
  for (const char* line : {"set \"a", "set 'a", "set \"a\"b", "set 'a'b", "set \"a\\\"", "set 'a\\'", "\"", "set \"a\\",
                           "set \"\"\"test-key\"\"\" test-value"}) {
    EXPECT_EQ(error_in(std::string(line) + "\r\n"), expected) << line;
  }
}

TEST(RespParserTest, ErrorsAreWordedAsRedisWordsThem) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"*3000000000\r\n", "Protocol error: invalid multibulk length"},
      {"*1048577\r\n", "Protocol error: invalid multibulk length"},
      {"*99999999999999999999\r\n", "Protocol error: invalid multibulk length"},
      {"*\r\n", "Protocol error: invalid multibulk length"},
      {"*-\r\n", "Protocol error: invalid multibulk length"},
      {"*+1\r\n", "Protocol error: invalid multibulk length"},
      {"*01\r\n", "Protocol error: invalid multibulk length"},
      {"*-0\r\n", "Protocol error: invalid multibulk length"},
      {"* 1\r\n", "Protocol error: invalid multibulk length"},
      {"*1\rx", "Protocol error: invalid multibulk length"},
      {"*1\r\nfoo\r\n", "Protocol error: expected '$', got 'f'"},
      {"*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", "Protocol error: expected '$', got 'f'"},
      {"*1\r\n$-10\r\n", "Protocol error: invalid bulk length"},
      {"*1\r\n$-1\r\n", "Protocol error: invalid bulk length"},
      {"*1\r\n$2000000000\r\n", "Protocol error: invalid bulk length"},
      {"*1\r\n$536870913\r\n", "Protocol error: invalid bulk length"},
      {"*1\r\n$blabla\r\n", "Protocol error: invalid bulk length"},
      {"*1\r\n$\r\n", "Protocol error: invalid bulk length"},
      {"*1\r\n$4\r\nPINGER\r\n", "Protocol error: invalid bulk length"},
      {"*1\r\n$4\r\nPING\r\r", "Protocol error: invalid bulk length"},
  };
  for (const auto& [input, error] : cases) EXPECT_EQ(error_in(input), error) << input;
}

TEST(RespParserTest, RequestsBeforeAnErrorAreGivenAndTheErrorStays) {
  const Session session = feed_whole("PING\r\n*1\r\nfoo\r\nPING\r\n");
  EXPECT_EQ(session.requests, std::vector<Request>{{"PING"}});
  EXPECT_EQ(session.error, "Protocol error: expected '$', got 'f'");

  RespParser parser;
  EXPECT_EQ(parser.next("*x\r\n"), Outcome::protocol_error);
  EXPECT_EQ(parser.next("PING\r\n"), Outcome::protocol_error);
  EXPECT_EQ(parser.next(""), Outcome::protocol_error);
  EXPECT_EQ(parser.error(), "Protocol error: invalid multibulk length");
}

TEST(RespParserTest, LinesHaveALimitWithOrWithoutTheirEnd) {
  const RespLimits limits{.line_bytes_max = 8};
  EXPECT_EQ(error_in("12345678\n", limits), "");
  EXPECT_EQ(error_in("123456789\n", limits), "Protocol error: too big inline request");
  EXPECT_EQ(error_in("123456789", limits), "Protocol error: too big inline request");
  EXPECT_EQ(error_in("*00000001", limits), "Protocol error: too big mbulk count string");
  EXPECT_EQ(error_in("*1\r\n$00000001", limits), "Protocol error: too big bulk count string");
  EXPECT_EQ(error_in(std::string(65'537, 'a')), "Protocol error: too big inline request");
  EXPECT_EQ(error_in("*" + std::string(65'536, '1')), "Protocol error: too big mbulk count string");
  EXPECT_EQ(error_in("*1\r\n$" + std::string(65'536, '1')), "Protocol error: too big bulk count string");
  EXPECT_EQ(requests_in(std::string(65'536, 'a') + "\n"), std::vector<Request>{{std::string(65'536, 'a')}});
}

TEST(RespParserTest, OtherLimitsCanBeSetAndChanged) {
  RespParser parser({.arguments_max = 2, .bulk_bytes_max = 4});
  EXPECT_EQ(parser.next("*2\r\n$4\r\nECHO\r\n$4\r\nabcd\r\n"), Outcome::request);
  parser.set_limits({.arguments_max = 3, .bulk_bytes_max = 5});
  EXPECT_EQ(parser.next("*3\r\n$4\r\nECHO\r\n$5\r\nabcde\r\n$0\r\n\r\n"), Outcome::request);
  EXPECT_EQ(parser.next("*4\r\n"), Outcome::protocol_error);
}

TEST(RespParserTest, WhoIsUnknownMaySendLittle) {
  constexpr RespLimits unknown{.unauthenticated = true};
  const auto error_of = [&](std::string_view input) {
    RespParser parser(unknown);
    return parser.next(input) == Outcome::protocol_error ? std::string(parser.error()) : std::string();
  };
  EXPECT_EQ(error_of("*10\r\n$16384\r\n"), "");
  EXPECT_EQ(error_of("*11\r\n"), "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(error_of("*1\r\n$16385\r\n"), "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(error_of("*1048577\r\n"), "Protocol error: unauthenticated multibulk length");
  // What is wrong for everybody is wrong in the same words.
  EXPECT_EQ(error_of("*2147483648\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(error_of("*1\r\n$536870913\r\n"), "Protocol error: invalid bulk length");
  RespParser parser(unknown);
  EXPECT_EQ(parser.next("*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n"), Outcome::request);
  parser.set_limits({});
  EXPECT_EQ(parser.next("*11\r\n"), Outcome::incomplete);
}

TEST(RespParserTest, TheSameRequestsComeOutHoweverTheInputIsCut) {
  // Mostly well-formed pieces, in any order, so that long runs are valid and any error is reached as well.
  const std::vector<std::string> pieces{encoded({"SET", "k", "v"}),
                                        encoded({"MGET", "a", "", std::string(40, 'x')}),
                                        "get 'a b' \"\\x00\"\r\n",
                                        "*0\r\n",
                                        "\r\n",
                                        "PING\n",
                                        "*2\r\n",
                                        "$3\r\nabc\r\n",
                                        "$1\r",
                                        "\n",
                                        "*",
                                        "'"};
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SeededRandom random(seed);
    std::string input;
    for (std::uint64_t count = random.below(12); count > 0; --count) {
      // The last six break the stream sooner or later: draw them seldom.
      input += pieces[random.below(random.chance(8) ? pieces.size() : 6)];
    }
    const RespLimits limits{.line_bytes_max = random.chance(50) ? 20UL : 64UL * 1024};
    const Session whole = feed_whole(input, limits);
    EXPECT_EQ(whole, feed_bytes(input, limits)) << "seed " << seed;
    EXPECT_EQ(whole, feed(input, limits, [&] { return 1 + random.below(9); })) << "seed " << seed;
  }
}

std::size_t allocated_bytes() {
  const struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

TEST(RespParserTest, ALargeClaimAllocatesNothing) {
  // (With an allocator that does not count for mallinfo2, a sanitizer's for one, this holds nothing.)
  std::vector<RespParser> parsers(100);
  const std::size_t before = allocated_bytes();
  for (RespParser& parser : parsers) {
    ASSERT_EQ(parser.next("*1048576\r\n$536870912\r\nx"), Outcome::incomplete);
    ASSERT_EQ(parser.arguments().size(), 0U);
  }
  EXPECT_LT(allocated_bytes() - before, 64U * 1024);
}

TEST(RespParserTest, ByteByByteTakesTimeInProportionToLength) {
  // Rescanning from the start would look at 2 * 10^11 bytes: minutes, where one pass is well under a second.
  const auto check = [](const std::string& input) {
    RespParser parser;
    for (std::size_t size = 1; size < input.size(); ++size) {
      ASSERT_EQ(parser.next(std::string_view(input).substr(0, size)), Outcome::incomplete);
    }
    ASSERT_EQ(parser.next(input), Outcome::request);
  };
  check(encoded({"SET", std::string(600'000, 'x')}));
  check(encoded(Request(100'000, "x")));
  check(std::string(60'000, 'x') + "\r\n");
}

TEST(RespParserTest, TheLargestNumberOfArgumentsIsRead) {
  const std::string input = encoded(Request(1'048'576, ""));
  RespParser parser;
  ASSERT_EQ(parser.next(input), Outcome::request);
  EXPECT_EQ(parser.arguments().size(), 1'048'576U);
  EXPECT_EQ(parser.next("PING\r\n"), Outcome::request);
  EXPECT_EQ(parser.arguments().size(), 1U);
}

}  // namespace
}  // namespace understudy::server
