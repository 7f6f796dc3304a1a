// The patterns of KEYS, SCAN and CONFIG GET, byte by byte and as Redis reads them.
//
//   *        any bytes, none included        [abc]    one of these        \x   x itself, whatever x is
//   ?        any one byte                    [^abc]   one byte not of these
//   [a-z]    one in this range; ends in either order; a backslash takes away the meaning of what follows it
//
// A class that is not closed ends with the pattern. Every pattern means something: there is no error.
//
// Threads: a pure function.
#pragma once

#include "understudy/base/bytes.hpp"

#include <cstdint>

namespace understudy::server {

enum class LetterCase : std::uint8_t {
  exact,
  ignored,  ///< The letters A to Z match their small forms and the other way round; other bytes are exact.
};

/// Whether all of `text` fits `pattern`. Takes at most pattern.size() * text.size() steps, and no memory.
[[nodiscard]] bool glob_matches(BytesView pattern, BytesView text, LetterCase letters = LetterCase::exact) noexcept;

}  // namespace understudy::server
