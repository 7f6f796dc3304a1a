// Bytes as text: whether they are UTF-8, and hexadecimal digits for those that are not.
//
// Threads: pure functions; a Utf8Check is used by one thread at a time.
#pragma once

#include "understudy/base/bytes.hpp"

#include <cstdint>
#include <optional>

namespace understudy::store {

/// Where `text` stops being UTF-8 (RFC 3629: shortest form, no surrogates, at most U+10FFFF); nothing if it never does.
[[nodiscard]] std::optional<std::size_t> find_invalid_utf8(BytesView text);

/// The same of a text that comes in pieces, cut anywhere. Offsets count from the first piece's first byte.
class Utf8Check {
 public:
  [[nodiscard]] std::optional<std::uint64_t> feed(BytesView piece);
  /// The text has come to its end: perhaps inside a sequence.
  [[nodiscard]] std::optional<std::uint64_t> finish() const;

 private:
  std::uint64_t offset_ = 0;
  Bytes unfinished_;  // The beginning of a sequence, up to three bytes.
};

/// Two digits for each byte, 0-9 and a-f.
[[nodiscard]] Bytes to_hex(BytesView bytes);
/// The opposite; nothing if they are not pairs of those digits.
[[nodiscard]] std::optional<Bytes> from_hex(BytesView digits);

}  // namespace understudy::store
