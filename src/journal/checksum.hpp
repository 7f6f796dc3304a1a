// The one checksum of the journal: XXH3-64 with a seed.
#pragma once

#include "understudy/base/bytes.hpp"

#include <cstdint>

namespace understudy::journal {

[[nodiscard]] std::uint64_t checksum(BytesView bytes, std::uint64_t seed) noexcept;

}  // namespace understudy::journal
