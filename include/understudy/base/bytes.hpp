// Byte strings: keys, values and messages are arbitrary bytes, never assumed to be text.
#pragma once

#include <string>
#include <string_view>

namespace understudy {

/// Owned bytes. May hold any value, zero bytes and invalid UTF-8 included.
using Bytes = std::string;
/// Bytes owned by somebody else.
using BytesView = std::string_view;

}  // namespace understudy
