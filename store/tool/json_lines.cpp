#include "tool/json_lines.hpp"

#include "tool/text_encoding.hpp"

#include <chrono>
#include <string_view>
#include <utility>

#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>

namespace understudy::store {
namespace {

namespace json = boost::json;

constexpr std::string_view json_space = " \t\r";
constexpr std::string_view expiry_member = "expires_at_ms";

std::string quoted(json::string_view text) { return json::serialize(text); }

/// What stands under `name`, as it is, or under `name`_hex; once.
Result<Bytes> read_bytes(const json::object& line, const std::string& name) {
  const json::value* const plain = line.if_contains(name);
  const json::value* const hex = line.if_contains(name + "_hex");
  if ((plain == nullptr) == (hex == nullptr)) {
    return failure(ErrorCode::data_damaged, "the line must have one of \"" + name + "\" and \"" + name + "_hex\"");
  }
  const json::value& found = plain != nullptr ? *plain : *hex;
  if (!found.is_string()) {
    return failure(ErrorCode::data_damaged, "the " + name + " is " + json::serialize(found) + ", not a string");
  }
  Bytes bytes(found.get_string().data(), found.get_string().size());
  if (plain != nullptr) return bytes;
  std::optional<Bytes> decoded = from_hex(bytes);
  if (decoded) return std::move(*decoded);
  return failure(ErrorCode::data_damaged, "\"" + name + "_hex\" is not pairs of the digits 0-9 and a-f");
}

Result<DataEntry> read_entry(const json::object& line) {
  for (const auto& member : line) {
    const std::string_view name(member.key().data(), member.key().size());
    if (name != "key" && name != "key_hex" && name != "value" && name != "value_hex" && name != expiry_member) {
      return failure(ErrorCode::data_damaged,
                     "the line has a member " + quoted(member.key()) + ", which means nothing");
    }
  }
  Result<Bytes> key = read_bytes(line, "key");
  if (!key) return std::unexpected(key.error());
  Result<Bytes> value = read_bytes(line, "value");
  if (!value) return std::unexpected(value.error());
  DataEntry entry{.key = std::move(*key), .value = std::move(*value)};
  if (const json::value* const expiry = line.if_contains(expiry_member)) {
    if (!expiry->is_int64() || expiry->get_int64() <= 0) {
      return failure(ErrorCode::data_damaged, "\"expires_at_ms\" is " + json::serialize(*expiry) +
                                                  ", not a whole number of milliseconds above 0");
    }
    entry.expires_at = WallTime(std::chrono::milliseconds(expiry->get_int64()));
  }
  return entry;
}

void write_bytes(std::string& out, std::string_view name, BytesView bytes) {
  out += '"';
  out += name;
  if (find_invalid_utf8(bytes)) {
    out += "_hex\":\"";
    out += to_hex(bytes);
    out += '"';
  } else {
    out += "\":";
    out += json::serialize(json::string_view(bytes));
  }
}

}  // namespace

std::unexpected<Error> JsonLinesReader::complain(std::size_t at, std::string_view why, ErrorCode code) const {
  return failure(code, "line " + std::to_string(line_) + ", byte offset " + std::to_string(line_begin_ + at) + ": " +
                           std::string(why));
}

Result<void> JsonLinesReader::read_line(BytesView line) {
  if (line.find_first_not_of(json_space) == BytesView::npos) return {};
  if (const auto invalid = find_invalid_utf8(line)) return complain(*invalid, "the line is not valid UTF-8");
  json::stream_parser parser;
  json::error_code error;
  const std::size_t end = parser.write_some(line.data(), line.size(), error);
  if (!error && end < line.size()) return complain(end, "something follows the end of the object");
  if (!error) parser.finish(error);
  if (error == json::error::incomplete) return complain(line.size(), "the line ends before its object does");
  if (error) return complain(end, "the line is not valid JSON (" + error.message() + ")");
  const json::value value = parser.release();
  if (!value.is_object()) return complain(0, "the line is not an object");
  Result<DataEntry> entry = read_entry(value.get_object());
  if (!entry) return complain(0, entry.error().message());
  if (const Result<void> taken = take_(std::move(*entry)); !taken) {
    return complain(0, taken.error().message(), taken.error().code());
  }
  return {};
}

Result<void> JsonLinesReader::feed(BytesView piece) {
  while (true) {
    const std::size_t end = piece.find('\n');
    if (end == BytesView::npos) {
      begun_.append(piece);
      return {};
    }
    BytesView line = piece.substr(0, end);
    if (!begun_.empty()) {
      begun_.append(line);
      line = begun_;
    }
    if (Result<void> read = read_line(line); !read) return read;
    line_begin_ += line.size() + 1;
    ++line_;
    begun_.clear();
    piece.remove_prefix(end + 1);
  }
}

Result<void> JsonLinesReader::finish() { return read_line(begun_); }

void JsonLinesWriter::add(const KeyView& entry) {
  *out_ += '{';
  write_bytes(*out_, "key", entry.key);
  *out_ += ',';
  write_bytes(*out_, "value", entry.value);
  if (entry.expires_at) {
    *out_ += ",\"expires_at_ms\":" + std::to_string(entry.expires_at->time_since_epoch().count());
  }
  *out_ += "}\n";
}

}  // namespace understudy::store
