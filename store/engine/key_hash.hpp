// KeyHash: the hash of a key, with a secret of the store's own: who may choose keys cannot choose ones that fall
// together in a table, and make each look-up walk through all of them. XXH3 with a seed (Yann Collet's xxHash, 2019).
#pragma once

#include "understudy/base/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace understudy::store {

/// Also by view, so that look-ups make no copy. All bits of a hash are equally good.
class KeyHash {
 public:
  using is_transparent = void;
  using is_avalanching = void;

  explicit KeyHash(std::uint64_t secret) noexcept : secret_(secret) {}
  [[nodiscard]] std::size_t operator()(BytesView key) const noexcept;

 private:
  std::uint64_t secret_;
};

}  // namespace understudy::store
