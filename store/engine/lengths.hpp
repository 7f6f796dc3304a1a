// How long a key and its value may be.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/store/transaction.hpp"

#include <fmt/format.h>

namespace understudy::store {

/// Errors: invalid_argument.
[[nodiscard]] inline Result<void> check_lengths(BytesView key, BytesView value) {
  if (key.size() > key_bytes_max) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("a key of {} bytes is longer than a key can be ({})", key.size(), key_bytes_max));
  }
  constexpr std::size_t entry_bytes_max = payload_bytes_max - change_overhead_bytes;
  if (key.size() + value.size() > entry_bytes_max) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("a value of {} bytes with its key of {} is longer than the journal takes ({})",
                               value.size(), key.size(), entry_bytes_max));
  }
  return {};
}

}  // namespace understudy::store
