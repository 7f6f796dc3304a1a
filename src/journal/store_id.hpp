// The number by which the files of one store know each other.
#pragma once

#include "journal/format.hpp"
#include "understudy/base/random.hpp"

#include <cstdint>
#include <cstring>

namespace understudy::journal {

/// A new one.
[[nodiscard]] inline StoreId draw_store_id(Random& random) {
  StoreId id{};
  for (std::size_t at = 0; at < id.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t drawn = random.next();
    std::memcpy(id.data() + at, &drawn, sizeof drawn);
  }
  return id;
}

}  // namespace understudy::journal
