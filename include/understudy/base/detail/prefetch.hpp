// Fetching memory into the cache before it is needed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace understudy::detail {

/// Fetches the `Lines` cache lines from `address` on, to be written to. Any address will do, null too: it is a hint.
template <std::size_t Lines>
inline void prefetch(const void* address) noexcept {
  const auto place = reinterpret_cast<std::uintptr_t>(address);
  for (std::size_t i = 0; i < Lines; ++i) __builtin_prefetch(reinterpret_cast<const void*>(place + i * 64), 1);
}

}  // namespace understudy::detail
