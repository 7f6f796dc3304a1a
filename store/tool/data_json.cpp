#include "tool/data_json.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>

namespace understudy::store {
namespace {

namespace json = boost::json;

/// Begins a key that is written in hexadecimal. A zero byte begins it, so that no key a person would choose is
/// mistaken.
constexpr std::string_view hex_marker{"\0hex:", 5};
/// The same as it stands in the file, for messages.
constexpr std::string_view hex_marker_in_file = R"(\u0000hex:)";
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Longer keys are cut in messages.
constexpr std::size_t key_shown_bytes_max = 64;

// --- UTF-8 -----------------------------------------------------------------------------------------------------------

/// The length of the UTF-8 sequence at the front of `text` (RFC 3629: shortest form, no surrogates, at most U+10FFFF),
/// or 0 if there is none.
std::size_t utf8_sequence_size(BytesView text) {
  struct Form {
    unsigned char lead_first, lead_last;      // the first byte's range
    unsigned char second_first, second_last;  // the second byte's; those after it are 80..BF
    std::size_t size;
  };
  constexpr std::array<Form, 8> forms{{{0xC2, 0xDF, 0x80, 0xBF, 2},
                                       {0xE0, 0xE0, 0xA0, 0xBF, 3},
                                       {0xE1, 0xEC, 0x80, 0xBF, 3},
                                       {0xED, 0xED, 0x80, 0x9F, 3},
                                       {0xEE, 0xEF, 0x80, 0xBF, 3},
                                       {0xF0, 0xF0, 0x90, 0xBF, 4},
                                       {0xF1, 0xF3, 0x80, 0xBF, 4},
                                       {0xF4, 0xF4, 0x80, 0x8F, 4}}};
  const auto at = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  if (at(0) < 0x80) return 1;
  for (const Form& form : forms) {
    if (at(0) < form.lead_first || at(0) > form.lead_last) continue;
    if (text.size() < form.size || at(1) < form.second_first || at(1) > form.second_last) return 0;
    for (std::size_t index = 2; index < form.size; ++index) {
      if (at(index) < 0x80 || at(index) > 0xBF) return 0;
    }
    return form.size;
  }
  return 0;
}

/// Where `text` stops being UTF-8; nothing if it never does.
std::optional<std::size_t> find_invalid_utf8(BytesView text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t size = utf8_sequence_size(text.substr(position));
    if (size == 0) return position;
    position += size;
  }
  return std::nullopt;
}

// --- Keys ------------------------------------------------------------------------------------------------------------

/// The JSON text that stands for `key`: "\u0000hex:..." where the key itself cannot be text or would be mistaken for
/// that.
Bytes key_to_text(BytesView key) {
  if (!key.starts_with(hex_marker) && !find_invalid_utf8(key)) return Bytes(key);
  Bytes text(hex_marker);
  for (const char byte : key) {
    text += hex_digits[static_cast<unsigned char>(byte) >> 4U];
    text += hex_digits[static_cast<unsigned char>(byte) & 0xFU];
  }
  return text;
}

/// The opposite; nothing if what follows the marker is not pairs of digits.
std::optional<Bytes> key_from_text(Bytes text) {
  if (!text.starts_with(hex_marker)) return text;
  const BytesView digits = BytesView(text).substr(hex_marker.size());
  if (digits.size() % 2 != 0) return std::nullopt;
  Bytes key;
  key.reserve(digits.size() / 2);
  for (std::size_t index = 0; index < digits.size(); index += 2) {
    const std::size_t high = hex_digits.find(digits[index]);
    const std::size_t low = hex_digits.find(digits[index + 1]);
    if (high == BytesView::npos || low == BytesView::npos) return std::nullopt;
    key += static_cast<char>(high * 16 + low);
  }
  return key;
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

/// A set of positions in a list of entries, one for each distinct key: keys stay in one place only.
struct KeyOf {
  const std::vector<DataEntry>* entries;
  std::size_t operator()(std::size_t index) const { return std::hash<BytesView>()((*entries)[index].key); }
  bool operator()(std::size_t left, std::size_t right) const { return (*entries)[left].key == (*entries)[right].key; }
};

/// What Boost.JSON's parser calls as it reads. Each function returns false to stop it; `complaint` then says why.
class EntryHandler {
 public:
  // The parser's own limits are those of memory.
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  std::vector<DataEntry> entries;
  std::string complaint;
  /// Where the text that is complained about begins; null: where the parser stopped.
  const char* culprit = nullptr;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code& error) {
    if (in_details_ || in_array_) return unexpected("an object", error);
    has_value_ = false;
    in_details_ = in_object_;
    return in_object_ = true;
  }
  bool on_object_end(std::size_t, json::error_code& error) {
    if (!std::exchange(in_details_, false) || (has_value_ && entries.back().expires_at)) return true;
    return stop("the object of key " + shown(entries.back().key) + " has no \"" +
                    std::string(has_value_ ? time_name : value_name) + "\"",
                error);
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
    entries.push_back({.key = std::move(*key), .value = {}});
    if (!distinct_.insert(entries.size() - 1).second) {
      return stop("the key " + shown(entries.back().key) +
                      " is there twice, and which of the two values counts is not for the import to choose",
                  error);
    }
    return true;
  }

  bool on_array_begin(json::error_code& error) {
    if (!in_object_ || in_array_ || (in_details_ && !at_value_)) return unexpected("an array", error);
    return in_array_ = true;
  }
  bool on_array_end(std::size_t, json::error_code&) {
    in_array_ = false;
    return true;
  }

  bool on_int64(std::int64_t value, json::string_view text, json::error_code& error) {
    // The text is looked at too: "-0" is the number 0, and not how a byte is written.
    if (in_array_ && value >= 0 && value <= 255 && text.front() != '-') {
      entries.back().value.push_back(static_cast<char>(value));
      return true;
    }
    if (in_details_ && !at_value_ && value > 0) {
      entries.back().expires_at = WallTime(std::chrono::milliseconds(value));
      return true;
    }
    return unexpected_number(text, error);
  }
  bool on_uint64(std::uint64_t, json::string_view text, json::error_code& error) {
    return unexpected_number(text, error);
  }
  bool on_double(double, json::string_view text, json::error_code& error) { return unexpected_number(text, error); }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, json::error_code& error) { return unexpected("a string", error); }
  bool on_string(json::string_view, std::size_t, json::error_code& error) { return unexpected("a string", error); }
  bool on_bool(bool value, json::error_code& error) { return unexpected(value ? "true" : "false", error); }
  bool on_null(json::error_code& error) { return unexpected("null", error); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  static constexpr std::string_view value_name = "value";
  static constexpr std::string_view time_name = "expires_at_ms";

  /// The name of a detail of an entry.
  bool on_detail(const std::string& name, json::error_code& error) {
    at_value_ = name == value_name;
    const std::string key = shown(entries.back().key);
    if (!at_value_ && name != time_name) {
      return stop(
          "the object of key " + key + " has " + quoted(name) + ", which is neither \"value\" nor \"expires_at_ms\"",
          error);
    }
    if (at_value_ ? has_value_ : entries.back().expires_at.has_value()) {
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

  bool unexpected_number(json::string_view text, json::error_code& error) {
    culprit = text.data();
    constexpr std::size_t number_shown_bytes_max = 32;
    std::string shown_number(text.substr(0, number_shown_bytes_max));
    if (text.size() > number_shown_bytes_max) shown_number += "...";
    return unexpected(shown_number, error);
  }

  /// `what` stands where the data.json form has something else.
  bool unexpected(std::string_view what, json::error_code& error) {
    const std::string found(what);
    if (!in_object_) return stop("the file holds " + found + " where one object from key to byte array belongs", error);
    const DataEntry& entry = entries.back();
    if (in_details_ && !at_value_) {
      return stop("\"expires_at_ms\" of key " + shown(entry.key) + " is " + found +
                      ", not a whole number of milliseconds above 0",
                  error);
    }
    if (!in_array_) return stop("the value of key " + shown(entry.key) + " is " + found + ", not an array", error);
    return stop("element " + std::to_string(entry.value.size()) + " of key " + shown(entry.key) + " is " + found +
                    ", not a whole number from 0 to 255",
                error);
  }

  bool in_object_ = false;
  bool in_details_ = false;  // In the object of a key that dies.
  bool at_value_ = false;    // There: at its value, not its time.
  bool has_value_ = false;
  bool in_array_ = false;
  Bytes key_text_;
  std::unordered_set<std::size_t, KeyOf, KeyOf> distinct_{0, KeyOf{&entries}, KeyOf{&entries}};
};

std::unexpected<Error> complain(BytesView text, std::size_t offset, std::string_view why) {
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
  return failure(ErrorCode::data_damaged,
                 "line " + std::to_string(line) + ", byte offset " + std::to_string(offset) + ": " + std::string(why));
}

}  // namespace

Result<std::vector<DataEntry>> parse_data_json(BytesView text) {
  constexpr std::string_view json_space = " \t\r\n";
  if (text.find_first_not_of(json_space) == BytesView::npos) {
    return complain(text, 0, "the file is empty; an empty store is written as {}");
  }
  if (text.starts_with(byte_order_mark)) {
    return complain(text, 0, "the file begins with a byte order mark; save it as UTF-8 without one");
  }
  if (const std::optional<std::size_t> invalid = find_invalid_utf8(text)) {
    return complain(text, *invalid, "the file is not valid UTF-8");
  }
  json::basic_parser<EntryHandler> parser{json::parse_options()};
  json::error_code error;
  const std::size_t end = parser.write_some(false, text.data(), text.size(), error);
  EntryHandler& handler = parser.handler();
  if (!handler.complaint.empty()) {
    const auto culprit = handler.culprit == nullptr ? end : static_cast<std::size_t>(handler.culprit - text.data());
    return complain(text, culprit, handler.complaint);
  }
  if (error) {
    std::string why = error == json::error::incomplete ? "the file ends before its object does; it was truncated"
                                                       : "the file is not valid JSON (" + error.message() + ")";
    if (!handler.entries.empty()) why += ", after the key " + shown(handler.entries.back().key);
    return complain(text, end, why);
  }
  if (end < text.size()) return complain(text, end, "something follows the end of the object");
  return std::move(handler.entries);
}

// --- Writing ---------------------------------------------------------------------------------------------------------

void DataJsonWriter::entry(BytesView key, BytesView value, std::optional<WallTime> expires_at) {
  out_->append(first_ ? "{" : ",");
  first_ = false;
  out_->append(json::serialize(json::string_view(key_to_text(key))));
  out_->append(expires_at ? ":{\"value\":[" : ":[");
  bool first_byte = true;
  for (const char byte : value) {
    if (!first_byte) out_->push_back(',');
    first_byte = false;
    const unsigned number = static_cast<unsigned char>(byte);
    if (number >= 100) out_->push_back(static_cast<char>('0' + number / 100));
    if (number >= 10) out_->push_back(static_cast<char>('0' + number / 10 % 10));
    out_->push_back(static_cast<char>('0' + number % 10));
  }
  out_->push_back(']');
  if (expires_at) out_->append(",\"expires_at_ms\":" + std::to_string(expires_at->time_since_epoch().count()) + "}");
}

void DataJsonWriter::finish() { out_->append(first_ ? "{}" : "}"); }

std::string write_data_json(std::span<const DataEntry> entries) {
  std::string text;
  DataJsonWriter writer(text);
  for (const auto& [key, value, expires_at] : entries) writer.entry(key, value, expires_at);
  writer.finish();
  return text;
}

}  // namespace understudy::store
