#include "tool/data_json.hpp"

#include "tool/text_encoding.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

namespace understudy::store {
namespace {

namespace json = boost::json;

/// Begins a key that is written in hexadecimal. A zero byte begins it, so that no key a person would choose is
/// mistaken.
constexpr std::string_view hex_marker{"\0hex:", 5};
/// The same as it stands in the file, for messages.
constexpr std::string_view hex_marker_in_file = R"(\u0000hex:)";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Longer keys are cut in messages.
constexpr std::size_t key_shown_bytes_max = 64;

// --- Keys ------------------------------------------------------------------------------------------------------------

/// The JSON text that stands for `key`: "\u0000hex:..." where the key itself cannot be text or would be mistaken for
/// that.
Bytes key_to_text(BytesView key) {
  if (!key.starts_with(hex_marker) && !find_invalid_utf8(key)) return Bytes(key);
  return Bytes(hex_marker) + to_hex(key);
}

/// The opposite; nothing if what follows the marker is not pairs of digits.
std::optional<Bytes> key_from_text(Bytes text) {
  if (!text.starts_with(hex_marker)) return text;
  return from_hex(BytesView(text).substr(hex_marker.size()));
}

/// The text of a key as it stands in the file, cut where it is long.
std::string quoted(std::string text) {
  const bool cut = text.size() > key_shown_bytes_max;
  if (cut) {
    text.resize(key_shown_bytes_max);
    while (find_invalid_utf8(text)) text.pop_back();  // at most the three bytes of a sequence that was cut
  }
  std::string json_text = json::serialize(json::string_view(text));
  if (cut) json_text.insert(json_text.size() - 1, "...");
  return json_text;
}

std::string shown(BytesView key) { return quoted(key_to_text(key)); }

// --- Reading ---------------------------------------------------------------------------------------------------------

/// A key, in 16 bytes: two keys that differ have the same with a chance of one in 2^128.
struct KeyMark {
  std::uint64_t first;
  std::uint64_t second;
  explicit KeyMark(BytesView key)
      : first(std::hash<BytesView>()(key)), second(std::hash<BytesView>()(Bytes("another ") + Bytes(key))) {}
  friend bool operator==(const KeyMark&, const KeyMark&) = default;
};
struct KeyMarkHash {
  using is_avalanching = void;
  std::size_t operator()(const KeyMark& mark) const noexcept { return mark.first; }
};

/// What Boost.JSON's parser calls as it reads. Each function returns false to stop it; `complaint` then says why.
class EntryHandler {
 public:
  // The parser's own limits are those of memory.
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  explicit EntryHandler(TakeEntry take) : take_(std::move(take)) {}

  std::string complaint;
  ErrorCode complaint_code = ErrorCode::data_damaged;
  /// Where the text that is complained about begins; none: where the parser stopped.
  std::optional<std::uint64_t> culprit;
  std::optional<Bytes> last_key;
  /// The piece that is being read, and its place in the file.
  const char* piece = nullptr;
  std::uint64_t piece_offset = 0;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code& error) {
    if (in_details_ || in_array_) return unexpected("an object", error);
    in_details_ = in_object_;
    return in_object_ = true;
  }
  bool on_object_end(std::size_t, json::error_code& error) {
    if (!in_details_) return true;
    if (!has_value_ || !expires_at_) {
      return stop("the object of key " + shown(*last_key) + " has no \"" +
                      std::string(has_value_ ? time_name : value_name) + "\"",
                  error);
    }
    in_details_ = false;
    return take_entry(error);
  }

  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    key_text_.append(part.data(), part.size());
    if (in_details_) return on_detail(std::exchange(key_text_, {}), error);
    std::optional<Bytes> key = key_from_text(key_text_);
    if (!key) {
      return stop("the key " + quoted(key_text_) + " begins with " + std::string(hex_marker_in_file) +
                      " and does not go on with pairs of the digits 0-9 and a-f",
                  error);
    }
    key_text_.clear();
    last_key = std::move(key);
    has_value_ = false;
    if (!distinct_.insert(KeyMark(*last_key)).second) {
      return stop("the key " + shown(*last_key) +
                      " is there twice, and which of the two values counts is not for the import to choose",
                  error);
    }
    return true;
  }

  bool on_array_begin(json::error_code& error) {
    if (!in_object_ || in_array_ || (in_details_ && !at_value_)) return unexpected("an array", error);
    return in_array_ = true;
  }
  bool on_array_end(std::size_t, json::error_code& error) {
    in_array_ = false;
    return in_details_ || take_entry(error);
  }

  bool on_int64(std::int64_t value, json::string_view text, json::error_code& error) {
    // The text is looked at too: "-0" is the number 0, and not how a byte is written.
    const char begin = number_.empty() ? text.front() : number_.front();
    if (in_array_ && value >= 0 && value <= 255 && begin != '-') {
      value_.push_back(static_cast<char>(value));
      number_.clear();
      return true;
    }
    if (in_details_ && !at_value_ && value > 0) {
      expires_at_ = WallTime(std::chrono::milliseconds(value));
      number_.clear();
      return true;
    }
    return unexpected_number(text, error);
  }
  bool on_uint64(std::uint64_t, json::string_view text, json::error_code& error) {
    return unexpected_number(text, error);
  }
  bool on_double(double, json::string_view text, json::error_code& error) { return unexpected_number(text, error); }
  bool on_number_part(json::string_view part, json::error_code&) {
    if (number_.empty()) number_begin_ = place_of(part);
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code& error) { return unexpected("a string", error); }
  bool on_string(json::string_view, std::size_t, json::error_code& error) { return unexpected("a string", error); }
  bool on_bool(bool value, json::error_code& error) { return unexpected(value ? "true" : "false", error); }
  bool on_null(json::error_code& error) { return unexpected("null", error); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  static constexpr std::string_view value_name = "value";
  static constexpr std::string_view time_name = "expires_at_ms";

  bool take_entry(json::error_code& error) {
    DataEntry entry{.key = *last_key, .value = std::exchange(value_, {}), .expires_at = std::exchange(expires_at_, {})};
    const Result<void> taken = take_(std::move(entry));
    if (taken) return true;
    complaint_code = taken.error().code();
    return stop(std::string(taken.error().message()), error);
  }

  /// The name of a detail of an entry.
  bool on_detail(const std::string& name, json::error_code& error) {
    at_value_ = name == value_name;
    const std::string key = shown(*last_key);
    if (!at_value_ && name != time_name) {
      return stop(
          "the object of key " + key + " has " + quoted(name) + ", which is neither \"value\" nor \"expires_at_ms\"",
          error);
    }
    if (at_value_ ? has_value_ : expires_at_.has_value()) {
      return stop("the object of key " + key + " has " + quoted(name) + " twice", error);
    }
    has_value_ = has_value_ || at_value_;
    return true;
  }

  bool stop(std::string why, json::error_code& error) {
    complaint = std::move(why);
    error = json::make_error_code(json::error::syntax);
    return false;
  }

  [[nodiscard]] std::uint64_t place_of(json::string_view text) const {
    return piece_offset + static_cast<std::uint64_t>(text.data() - piece);
  }

  bool unexpected_number(json::string_view text, json::error_code& error) {
    culprit = number_.empty() ? place_of(text) : number_begin_;
    number_.append(text.data(), text.size());
    constexpr std::size_t number_shown_bytes_max = 32;
    std::string shown_number = number_.substr(0, number_shown_bytes_max);
    if (number_.size() > number_shown_bytes_max) shown_number += "...";
    return unexpected(shown_number, error);
  }

  /// `what` stands where the data.json form has something else.
  bool unexpected(std::string_view what, json::error_code& error) {
    const std::string found(what);
    if (!in_object_) return stop("the file holds " + found + " where one object from key to byte array belongs", error);
    if (in_details_ && !at_value_) {
      return stop("\"expires_at_ms\" of key " + shown(*last_key) + " is " + found +
                      ", not a whole number of milliseconds above 0",
                  error);
    }
    if (!in_array_) return stop("the value of key " + shown(*last_key) + " is " + found + ", not an array", error);
    return stop("element " + std::to_string(value_.size()) + " of key " + shown(*last_key) + " is " + found +
                    ", not a whole number from 0 to 255",
                error);
  }

  TakeEntry take_;
  bool in_object_ = false;
  bool in_details_ = false;  // In the object of a key that dies.
  bool at_value_ = false;    // There: at its value, not its time.
  bool has_value_ = false;
  bool in_array_ = false;
  Bytes key_text_;
  Bytes value_;  // So far.
  std::optional<WallTime> expires_at_;
  std::string number_;  // The beginning of one that goes on in the next piece.
  std::uint64_t number_begin_ = 0;
  boost::unordered_flat_set<KeyMark, KeyMarkHash> distinct_;
};

constexpr std::string_view json_space = " \t\r\n";

}  // namespace

struct DataJsonReader::State {
  explicit State(TakeEntry take) : parser(json::parse_options(), std::move(take)) {}

  /// `offset`: in the file.
  std::unexpected<Error> complain(BytesView piece, std::uint64_t at, std::string_view why,
                                  ErrorCode code = ErrorCode::data_damaged) const {
    const BytesView before = at > offset ? piece.substr(0, static_cast<std::size_t>(at - offset)) : BytesView();
    const auto line = lines + static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
    return failure(code,
                   "line " + std::to_string(line) + ", byte offset " + std::to_string(at) + ": " + std::string(why));
  }

  Result<void> parse(BytesView piece, bool last) {
    EntryHandler& handler = parser.handler();
    handler.piece = piece.data();
    handler.piece_offset = offset;
    json::error_code error;
    const std::size_t end = parser.write_some(!last, piece.data(), piece.size(), error);
    if (!handler.complaint.empty()) {
      return complain(piece, handler.culprit.value_or(offset + end), handler.complaint, handler.complaint_code);
    }
    if (error) {
      std::string why = error == json::error::incomplete ? "the file ends before its object does; it was truncated"
                                                         : "the file is not valid JSON (" + error.message() + ")";
      if (handler.last_key) why += ", after the key " + shown(*handler.last_key);
      return complain(piece, offset + end, why);
    }
    if (end < piece.size()) return complain(piece, offset + end, something_follows);
    return {};
  }

  static constexpr std::string_view not_utf8 = "the file is not valid UTF-8";
  static constexpr std::string_view something_follows = "something follows the end of the object";

  json::basic_parser<EntryHandler> parser;
  std::uint64_t offset = 0;  // Of the piece that is being read.
  std::uint64_t lines = 1;   // The line that it begins in.
  Utf8Check utf8;
  bool any_text = false;
};

DataJsonReader::DataJsonReader(TakeEntry take) : state_(std::make_unique<State>(std::move(take))) {}
DataJsonReader::~DataJsonReader() = default;

Result<void> DataJsonReader::feed(BytesView piece) {
  State& state = *state_;
  if (piece.empty()) return {};
  if (state.offset == 0 && piece.starts_with(byte_order_mark)) {
    return state.complain(piece, 0, "the file begins with a byte order mark; save it as UTF-8 without one");
  }
  if (const std::optional<std::uint64_t> invalid = state.utf8.feed(piece)) {
    return state.complain(piece, *invalid, State::not_utf8);
  }
  const std::size_t text = piece.find_first_not_of(json_space);
  if (text != BytesView::npos) state.any_text = true;
  if (state.parser.done()) {
    if (text != BytesView::npos) return state.complain(piece, state.offset + text, State::something_follows);
  } else if (Result<void> parsed = state.parse(piece, false); !parsed) {
    return parsed;
  }
  state.offset += piece.size();
  state.lines += static_cast<std::uint64_t>(std::ranges::count(piece, '\n'));
  return {};
}

Result<void> DataJsonReader::finish() {
  State& state = *state_;
  if (const std::optional<std::uint64_t> invalid = state.utf8.finish()) {
    return state.complain({}, *invalid, State::not_utf8);
  }
  if (!state.any_text) {
    state.lines = 1;
    return state.complain({}, 0, "the file is empty; an empty store is written as {}");
  }
  return state.parser.done() ? Result<void>{} : state.parse("", true);
}

Result<std::vector<DataEntry>> parse_data_json(BytesView text) {
  std::vector<DataEntry> entries;
  DataJsonReader reader([&entries](DataEntry entry) -> Result<void> {
    entries.push_back(std::move(entry));
    return {};
  });
  Result<void> read = reader.feed(text);
  if (read) read = reader.finish();
  if (!read) return std::unexpected(read.error());
  return entries;
}

// --- Writing ---------------------------------------------------------------------------------------------------------

void DataJsonWriter::add(const KeyView& entry) {
  out_->append(first_ ? "{" : ",");
  first_ = false;
  out_->append(json::serialize(json::string_view(key_to_text(entry.key))));
  out_->append(entry.expires_at ? ":{\"value\":[" : ":[");
  bool first_byte = true;
  for (const char byte : entry.value) {
    if (!first_byte) out_->push_back(',');
    first_byte = false;
    const unsigned number = static_cast<unsigned char>(byte);
    if (number >= 100) out_->push_back(static_cast<char>('0' + number / 100));
    if (number >= 10) out_->push_back(static_cast<char>('0' + number / 10 % 10));
    out_->push_back(static_cast<char>('0' + number % 10));
  }
  out_->push_back(']');
  if (!entry.expires_at) return;
  out_->append(",\"expires_at_ms\":" + std::to_string(entry.expires_at->time_since_epoch().count()) + "}");
}

void DataJsonWriter::finish() { out_->append(first_ ? "{}" : "}"); }

std::string write_data_json(std::span<const DataEntry> entries) {
  std::string text;
  DataJsonWriter writer(text);
  for (const auto& [key, value, expires_at] : entries) {
    writer.add({.key = key, .value = value, .expires_at = expires_at});
  }
  writer.finish();
  return text;
}

}  // namespace understudy::store
