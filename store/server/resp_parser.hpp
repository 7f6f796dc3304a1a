// Reads requests of the Redis protocol (RESP) from bytes that arrive in pieces of any size.
//
// The caller owns a buffer, appends what it reads from its socket, and asks for the next request until there is none:
//
//   while ((outcome = parser.next(unread)) == RespParser::Outcome::request) {
//     handle(parser.arguments());              // views into the buffer: no copy was made
//     unread.remove_prefix(parser.consumed());
//   }
//
// The buffer may move in memory between two calls; what the parser remembers are offsets. Every byte is looked at once,
// however small the pieces, so a request fed byte by byte costs time in proportion to its length. What a request says
// about its size is never believed ahead of the bytes: a claimed length allocates nothing.
//
// Two forms are understood: arrays of bulk strings (what clients send) and inline requests (a line of words, quoted as
// redis-cli quotes them, for people with netcat). A zero byte in an inline request is a byte like any other. Empty
// arrays and empty lines are skipped. What comes out does not depend on where the input was cut.
//
// Threads: one parser is used by one thread at a time. Left out: replies (see resp_writer.hpp) and a limit on the whole
// request, since the buffer, and so its size, is the caller's.
#pragma once

#include "understudy/base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::server {

/// How much one request may claim. Beyond it the request is a protocol error. The defaults are those of Redis.
struct RespLimits {
  std::size_t arguments_max = 1'048'576;
  std::size_t bulk_bytes_max = 512UL * 1024 * 1024;
  /// Longest inline request, and longest line that states a length; line ends not counted.
  std::size_t line_bytes_max = 64UL * 1024;
  /// Nobody knows yet who sends: what is larger than a login ever is, is an error of its own.
  bool unauthenticated = false;

  static constexpr std::size_t unauthenticated_arguments_max = 10;
  static constexpr std::size_t unauthenticated_bulk_bytes_max = 16'384;
};

/// An incremental parser of requests.
class RespParser {
 public:
  enum class Outcome : std::uint8_t {
    request,         ///< `arguments()` holds a request of one or more arguments.
    incomplete,      ///< The buffer ends before the request does: call again with more bytes.
    protocol_error,  ///< `error()` says what is wrong. The connection cannot go on: every later call says the same.
  };

  explicit RespParser(RespLimits limits = {}) noexcept : limits_(limits) {}

  /// Looks for one request in `buffer`, which holds all bytes received and not yet consumed: those of the last call
  /// without its first `consumed()`, and any that arrived since. Allocates for the list of arguments only.
  [[nodiscard]] Outcome next(BytesView buffer);

  /// The bytes at the front of the buffer that the last call is done with. Not 0 only with `request`, or where empty
  /// requests were skipped: so drop them after every call, whatever its outcome.
  [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }

  /// The request's arguments, its name first; never empty after `Outcome::request`. They point into the buffer (or, for
  /// words in quotes, into the parser): valid until the buffer changes. The list itself is valid until the next call.
  [[nodiscard]] std::span<const BytesView> arguments() const noexcept { return arguments_; }

  /// Whether all of them point into the buffer.
  [[nodiscard]] bool arguments_are_views() const noexcept { return unquoted_.empty(); }

  /// What is wrong, worded as Redis 7 does, without its code: "Protocol error: invalid bulk length". May hold a byte of
  /// the input. Empty until `Outcome::protocol_error`.
  [[nodiscard]] std::string_view error() const noexcept { return error_; }

  /// Takes effect with the next length that is read: a session can raise its limits once its client is known.
  void set_limits(RespLimits limits) noexcept { limits_ = limits; }

 private:
  enum class Phase : std::uint8_t {
    between,       // no byte of a request has been seen
    inline_line,   // in a request that is a line of words
    array_length,  // in the line "*<number of arguments>"
    bulk_length,   // in the line "$<length>" of an argument
    bulk_bytes,    // in an argument's bytes, or the line end after them
    failed,
  };
  enum class Step : std::uint8_t { done, skipped, go_on, need_more, failed };
  enum class LineEnd : std::uint8_t { found, not_yet, too_far };
  struct Slice {
    std::size_t offset;
    std::size_t length;
  };

  bool take_whole(BytesView request);
  Step advance(BytesView request);
  Step read_inline(BytesView request);
  std::int64_t read_length(BytesView request, std::string_view too_long, std::string_view wrong, Step& step);
  Step read_array_length(BytesView request);
  Step read_bulk_length(BytesView request);
  Step read_bulk_bytes(BytesView request);
  LineEnd find_line_end(BytesView request, char end);
  bool split_words(BytesView line);
  Step fail(std::string_view error);
  void begin_request();

  RespLimits limits_;
  Phase phase_ = Phase::between;
  // Offsets count from the first byte of the request that is being read.
  std::size_t cursor_ = 0;   // where the current line or the current argument's bytes begin
  std::size_t scanned_ = 0;  // up to where the current line does not end, or where it does; at least cursor_
  std::size_t arguments_missing_ = 0;
  std::size_t bulk_length_ = 0;
  std::size_t consumed_ = 0;
  std::vector<Slice> slices_;  // the arguments read so far
  std::vector<BytesView> arguments_;
  std::string unquoted_;  // the words of an inline request that were in quotes
  std::string error_;
};

}  // namespace understudy::server
