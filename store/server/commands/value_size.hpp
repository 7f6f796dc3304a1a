// How long keys and values may be.
#pragma once

#include "server/change_room.hpp"
#include "understudy/journal/record.hpp"

#include <cstddef>

#include <fmt/format.h>

namespace understudy::server {

/// Whether the key can have a value of this length; if not, the reply says so.
[[nodiscard]] inline bool check_size(DataCall& call, BytesView key, std::size_t value_bytes) {
  constexpr std::size_t value_bytes_max = std::size_t{512} << 20U;
  // A record of the journal holds the key, the value, and some words on both.
  constexpr std::size_t entry_bytes_max = payload_bytes_max - 1024;
  if (value_bytes > value_bytes_max || key.size() + value_bytes > entry_bytes_max) {
    call.reply.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return false;
  }
  if (key.size() > store::key_bytes_max) {
    call.reply.error(fmt::format("ERR a key can be {} bytes long at most", store::key_bytes_max));
    return false;
  }
  constexpr std::size_t long_value_bytes = std::size_t{1} << 20U;
  if (value_bytes <= long_value_bytes) return true;  // The reserve is as much.
  if (value_bytes + change_reserve_bytes > call.store.room_for_changes()) {
    call.reply.error(too_many_changes);
    return false;
  }
  return true;
}

}  // namespace understudy::server
