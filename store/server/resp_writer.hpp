// Writes replies of the Redis protocol (RESP) to the end of a string.
//
// One interface for both versions of the protocol: a caller says what it means (a map, a null, a boolean), and a client
// that speaks version 2 gets the form that Redis gives it (a flat array, "$-1", 0 or 1). A reply is a tree written in
// order: a header states how many elements follow, and the caller then writes exactly that many (a map's are pairs).
//
// Threads: one writer, and its string, are used by one thread at a time.
#pragma once

#include "understudy/base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace understudy::server {

enum class RespVersion : std::uint8_t { resp2 = 2, resp3 = 3 };

/// Appends replies to a string that outlives it.
class RespWriter {
 public:
  explicit RespWriter(std::string& out, RespVersion version = RespVersion::resp2) noexcept
      : out_(&out), version_(version) {}

  [[nodiscard]] RespVersion version() const noexcept { return version_; }
  void set_version(RespVersion version) noexcept { version_ = version; }

  /// A short text such as "OK". Line ends in it become spaces, since they would end the reply early.
  void simple(std::string_view text) { line('+', text); }
  /// An error; `text` begins with its code ("ERR unknown command"). Line ends become spaces, but at its end nothing.
  void error(std::string_view text) { line('-', text.substr(0, text.find_last_not_of("\r\n") + 1)); }
  void integer(std::int64_t value) { header(':', value); }
  /// A byte string; any bytes.
  void bulk(BytesView bytes);
  /// No value.
  void null();
  /// No value where an array was possible: differs from `null` in version 2 only.
  void null_array();

  /// Replies that another writer of this version has written.
  void append(std::string_view replies) { out_->append(replies); }
  /// The same; those that are many are not copied if they are the first.
  void append(std::string&& replies) {
    if (out_->empty()) {
      out_->swap(replies);
    } else {
      out_->append(replies);
    }
  }
  /// How much has been written; `take_back` goes back there, and gives what has been written since to nobody.
  [[nodiscard]] std::size_t mark() const noexcept { return out_->size(); }
  void take_back(std::size_t mark) { out_->resize(mark); }

  void array(std::size_t elements) { header('*', static_cast<std::int64_t>(elements)); }
  /// `pairs` keys, each followed by its value. Version 2: an array twice as long.
  void map(std::size_t pairs);
  /// Distinct elements in no order. Version 2: an array.
  void set(std::size_t elements);
  /// A message that answers no request. Version 2: an array.
  void push(std::size_t elements);

  /// In the fewest digits that read back as the same number; "inf", "-inf", "nan". Version 2: a bulk string.
  void number(double value);
  /// Version 2: the integer 1 or 0.
  void boolean(bool value);
  /// Text for people; `format` is three letters, "txt" or "mkd". Version 2: a bulk string.
  void verbatim(std::string_view format, BytesView text);

 private:
  void line(char type, std::string_view text);
  void header(char type, std::int64_t value);

  std::string* out_;
  RespVersion version_;
};

}  // namespace understudy::server
