#include "journal/checksum.hpp"

#include <xxhash.h>

namespace understudy::journal {

std::uint64_t checksum(BytesView bytes, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace understudy::journal
