#include "server/resp_parser.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace understudy::server {
namespace {

/// A list of arguments with more room than this is given back once its request is done, so that one huge request does
/// not hold its memory for as long as the connection lives.
constexpr std::size_t arguments_kept_max = 1024;

constexpr std::string_view line_end = "\r\n";

bool is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

bool is_quote(char byte) { return byte == '"' || byte == '\''; }

bool ends_word(char byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

/// The value of a hexadecimal digit, or -1.
int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

/// What the character after a backslash stands for between double quotes.
char unescaped(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return letter;
  }
}

/// Appends what stands between the quotes at `position` (just past the opening one) and returns the position past the
/// closing one; nothing if there is none, or if it is followed by anything but space.
std::optional<std::size_t> take_quoted(BytesView line, std::size_t position, char quote, std::string& word) {
  while (position < line.size()) {
    const char byte = line[position];
    const BytesView rest = line.substr(position);
    if (byte == quote) {
      if (rest.size() > 1 && !is_space(rest[1])) return std::nullopt;
      return position + 1;
    }
    if (byte != '\\' || rest.size() < 2 || (quote == '\'' && rest[1] != '\'')) {
      word.push_back(byte);
      ++position;
    } else if (quote == '"' && rest[1] == 'x' && rest.size() >= 4 && hex_value(rest[2]) >= 0 &&
               hex_value(rest[3]) >= 0) {
      word.push_back(static_cast<char>(hex_value(rest[2]) * 16 + hex_value(rest[3])));
      position += 4;
    } else {
      word.push_back(quote == '"' ? unescaped(rest[1]) : rest[1]);
      position += 2;
    }
  }
  return std::nullopt;
}

/// The number in a line such as "*3\r\n", written as Redis writes numbers: no plus sign, no leading zeros.
std::optional<std::int64_t> parse_length(BytesView line) {
  if (!line.ends_with(line_end)) return std::nullopt;
  const BytesView digits = line.substr(1, line.size() - 1 - line_end.size());
  const BytesView magnitude = digits.starts_with('-') ? digits.substr(1) : digits;
  if (magnitude.empty() || (magnitude.front() == '0' && digits.size() > 1)) return std::nullopt;
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || stop != digits.data() + digits.size()) return std::nullopt;
  return value;
}

struct LengthLine {
  std::size_t value = 0;
  std::size_t bytes = 0;  // Of the line, with its end. 0: it has to be looked at more closely.
};

/// A line such as "$12\r\n" that is all there and has few digits, far below any limit on a line. Nearly all are.
LengthLine short_length(BytesView line) noexcept {
  constexpr std::size_t digits_max = 6;
  const std::size_t end = std::min(line.size(), 1 + digits_max);
  LengthLine found;
  std::size_t at = 1;
  for (; at < end && line[at] >= '0' && line[at] <= '9'; ++at) {
    found.value = found.value * 10 + static_cast<std::size_t>(line[at] - '0');
  }
  const bool plain = at > 1 && (line[1] != '0' || at == 2);
  if (plain && line.substr(at, line_end.size()) == line_end) found.bytes = at + line_end.size();
  return found;
}

}  // namespace

RespParser::Outcome RespParser::next(BytesView buffer) {
  consumed_ = 0;
  if (phase_ == Phase::between && take_whole(buffer)) return Outcome::request;
  for (;;) {
    switch (advance(buffer.substr(consumed_))) {
      case Step::done:
        consumed_ += cursor_;
        phase_ = Phase::between;
        return Outcome::request;
      case Step::skipped:
        consumed_ += cursor_;
        phase_ = Phase::between;
        break;
      case Step::need_more:
        return Outcome::incomplete;
      case Step::failed:
        return Outcome::protocol_error;
      case Step::go_on:
        std::unreachable();  // `advance` goes on by itself
    }
  }
}

/// A request that is all there, has few arguments and nothing unusual about it: nearly all are. False: it has to be
/// read step by step, from its beginning. That is found out once for a request, and before many arguments.
bool RespParser::take_whole(BytesView request) {
  constexpr std::size_t few_arguments = 16;
  if (request.empty() || request.front() != '*' || limits_.unauthenticated) return false;
  begin_request();
  const LengthLine count = short_length(request);
  if (count.bytes == 0 || count.value == 0 || count.value > std::min(few_arguments, limits_.arguments_max))
    return false;
  std::size_t at = count.bytes;
  for (std::size_t i = 0; i < count.value; ++i) {
    const BytesView rest = request.substr(at);
    if (rest.empty() || rest.front() != '$') return false;
    const LengthLine length = short_length(rest);
    if (length.bytes == 0 || length.value > limits_.bulk_bytes_max) return false;
    const std::size_t bytes = length.bytes + length.value;
    if (rest.size() < bytes + line_end.size() || rest[bytes] != '\r' || rest[bytes + 1] != '\n') return false;
    arguments_.push_back(rest.substr(length.bytes, length.value));
    at += bytes + line_end.size();
  }
  consumed_ = at;
  return true;
}

RespParser::Step RespParser::advance(BytesView request) {
  assert(phase_ == Phase::between || phase_ == Phase::failed || request.size() >= scanned_);
  Step step = Step::go_on;
  while (step == Step::go_on) {
    switch (phase_) {
      case Phase::failed:
        return Step::failed;
      case Phase::between:
        if (request.empty()) return Step::need_more;
        begin_request();
        phase_ = request.front() == '*' ? Phase::array_length : Phase::inline_line;
        break;
      case Phase::inline_line:
        step = read_inline(request);
        break;
      case Phase::array_length:
        step = read_array_length(request);
        break;
      case Phase::bulk_length:
        step = read_bulk_length(request);
        break;
      case Phase::bulk_bytes:
        step = read_bulk_bytes(request);
        break;
    }
  }
  return step;
}

void RespParser::begin_request() {
  cursor_ = 0;
  scanned_ = 0;
  slices_.clear();
  arguments_.clear();
  unquoted_.clear();
  if (slices_.capacity() > arguments_kept_max) slices_.shrink_to_fit();
  if (arguments_.capacity() > arguments_kept_max) arguments_.shrink_to_fit();
}

RespParser::Step RespParser::read_inline(BytesView request) {
  switch (find_line_end(request, '\n')) {
    case LineEnd::not_yet:
      return Step::need_more;
    case LineEnd::too_far:
      return fail("Protocol error: too big inline request");
    case LineEnd::found:
      break;
  }
  BytesView line = request.substr(cursor_, scanned_ - cursor_);
  cursor_ = scanned_ + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!split_words(line)) return fail("Protocol error: unbalanced quotes in request");
  return arguments_.empty() ? Step::skipped : Step::done;
}

/// The number in the line at the cursor, which is passed then; `step` says so, or what keeps it from being read.
std::int64_t RespParser::read_length(BytesView request, std::string_view too_long, std::string_view wrong, Step& step) {
  step = Step::go_on;
  if (const LengthLine line = short_length(request.substr(cursor_)); line.bytes > 0) {
    cursor_ += line.bytes;
    scanned_ = cursor_;
    return static_cast<std::int64_t>(line.value);
  }
  switch (find_line_end(request, '\r')) {
    case LineEnd::not_yet:
      step = Step::need_more;
      return 0;
    case LineEnd::too_far:
      step = fail(too_long);
      return 0;
    case LineEnd::found:
      break;
  }
  const std::optional<std::int64_t> length =
      parse_length(request.substr(cursor_, scanned_ + line_end.size() - cursor_));
  if (!length) {
    step = fail(wrong);
    return 0;
  }
  cursor_ = scanned_ + line_end.size();
  scanned_ = cursor_;
  return *length;
}

RespParser::Step RespParser::read_array_length(BytesView request) {
  constexpr std::string_view wrong = "Protocol error: invalid multibulk length";
  Step step = Step::go_on;
  const std::int64_t length = read_length(request, "Protocol error: too big mbulk count string", wrong, step);
  if (step != Step::go_on) return step;
  const bool is_number = length <= std::numeric_limits<std::int32_t>::max();
  if (is_number && limits_.unauthenticated && std::cmp_greater(length, RespLimits::unauthenticated_arguments_max)) {
    return fail("Protocol error: unauthenticated multibulk length");
  }
  if (std::cmp_greater(length, limits_.arguments_max)) return fail(wrong);
  if (length <= 0) return Step::skipped;
  arguments_missing_ = static_cast<std::size_t>(length);
  phase_ = Phase::bulk_length;
  return Step::go_on;
}

RespParser::Step RespParser::read_bulk_length(BytesView request) {
  if (request.size() == cursor_) return Step::need_more;
  if (request[cursor_] != '$') {
    std::string error = "Protocol error: expected '$', got '?'";
    error[error.size() - 2] = request[cursor_];
    return fail(error);
  }
  constexpr std::string_view wrong = "Protocol error: invalid bulk length";
  Step step = Step::go_on;
  const std::int64_t length = read_length(request, "Protocol error: too big bulk count string", wrong, step);
  if (step != Step::go_on) return step;
  if (length < 0 || std::cmp_greater(length, limits_.bulk_bytes_max)) return fail(wrong);
  if (limits_.unauthenticated && std::cmp_greater(length, RespLimits::unauthenticated_bulk_bytes_max)) {
    return fail("Protocol error: unauthenticated bulk length");
  }
  bulk_length_ = static_cast<std::size_t>(length);
  phase_ = Phase::bulk_bytes;
  return Step::go_on;
}

RespParser::Step RespParser::read_bulk_bytes(BytesView request) {
  if (request.size() - cursor_ < bulk_length_ + line_end.size()) return Step::need_more;
  // Redis skips these two bytes unseen. A length that does not fit its bytes would then store a wrong value first and
  // misread what follows second, so here it ends the connection.
  if (request.substr(cursor_ + bulk_length_, line_end.size()) != line_end) {
    return fail("Protocol error: invalid bulk length");
  }
  slices_.push_back({cursor_, bulk_length_});
  cursor_ += bulk_length_ + line_end.size();
  scanned_ = cursor_;
  phase_ = Phase::bulk_length;
  if (--arguments_missing_ > 0) return Step::go_on;
  // The buffer could move until here, so the views are made now.
  for (const Slice& slice : slices_) arguments_.push_back(request.substr(slice.offset, slice.length));
  return Step::done;
}

/// Looks for the end of the line that begins at the cursor; if found, `scanned_` is where. A '\r' counts as found once
/// the byte after it is there as well.
RespParser::LineEnd RespParser::find_line_end(BytesView request, char end) {
  const std::size_t scan_end = std::min(request.size(), cursor_ + limits_.line_bytes_max + 1);
  if (scanned_ < scan_end) {
    const void* found = std::memchr(request.data() + scanned_, end, scan_end - scanned_);
    scanned_ = found == nullptr ? scan_end : static_cast<std::size_t>(static_cast<const char*>(found) - request.data());
  }
  if (scanned_ >= scan_end) return scan_end - cursor_ > limits_.line_bytes_max ? LineEnd::too_far : LineEnd::not_yet;
  if (end == '\r' && scanned_ + 1 == request.size()) return LineEnd::not_yet;
  return LineEnd::found;
}

/// Splits an inline request into `arguments_`. False if a quote is not closed, or closes in the middle of a word.
bool RespParser::split_words(BytesView line) {
  unquoted_.reserve(line.size());  // never grows past this, so that views into it stay valid
  std::size_t position = 0;
  for (;;) {
    while (position < line.size() && is_space(line[position])) ++position;
    if (position == line.size()) return true;
    const std::size_t begin = position;
    while (position < line.size() && !ends_word(line[position]) && !is_quote(line[position])) ++position;
    const BytesView plain = line.substr(begin, position - begin);
    if (position == line.size() || !is_quote(line[position])) {
      arguments_.push_back(plain);
      continue;
    }
    const std::size_t unquoted_begin = unquoted_.size();
    unquoted_.append(plain);
    const std::optional<std::size_t> past = take_quoted(line, position + 1, line[position], unquoted_);
    if (!past) return false;
    position = *past;
    arguments_.push_back(BytesView(unquoted_).substr(unquoted_begin));
  }
}

RespParser::Step RespParser::fail(std::string_view error) {
  phase_ = Phase::failed;
  error_ = error;
  return Step::failed;
}

}  // namespace understudy::server
