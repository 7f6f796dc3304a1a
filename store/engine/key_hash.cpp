#include "engine/key_hash.hpp"

#include <xxhash.h>

namespace understudy::store {

std::size_t KeyHash::operator()(BytesView key) const noexcept {
  return XXH3_64bits_withSeed(key.data(), key.size(), secret_);
}

}  // namespace understudy::store
