// KeyHash: the hash of a key, under a secret of the store's own.
//
// Clients choose the keys: who could tell their hashes beforehand could choose thousands with the same one, and make
// each look-up a walk over all of them. So a store draws a secret when it is opened, and shows it to nobody. The hash
// is XXH3 with that secret (Collet): short for short keys, and inlined here, but no cryptographic one; docs/security.md
// says what that promises.
//
// Threads: any.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace understudy::store {

struct KeySecret {
  static constexpr std::size_t numbers = 24;
  static_assert(numbers * sizeof(std::uint64_t) >= XXH3_SECRET_SIZE_MIN);

  explicit KeySecret(std::uint64_t seed) noexcept {
    SeededRandom random(seed);
    for (std::uint64_t& number : words) number = random.next();
  }
  /// One that everybody knows: for keys that no client has chosen.
  [[nodiscard]] static const KeySecret& known() noexcept {
    static const KeySecret secret(0);
    return secret;
  }

  std::array<std::uint64_t, numbers> words{};
};

/// Hashes keys; also by view, so that look-ups make no copy. The secret must outlive it.
struct KeyHash {
  using is_transparent = void;
  using is_avalanching = void;

  const KeySecret* secret = &KeySecret::known();

  std::size_t operator()(BytesView key) const noexcept {
    return XXH3_64bits_withSecret(key.data(), key.size(), secret->words.data(), sizeof secret->words);
  }
};

}  // namespace understudy::store
