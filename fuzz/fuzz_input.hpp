// What fuzz targets that build files out of their input share: the input, taken piece by piece, and what a broken
// promise ends in.
#pragma once

#include "understudy/base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace fuzz {

inline void hold(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

class Input {
 public:
  explicit Input(understudy::BytesView bytes) noexcept : bytes_(bytes) {}
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  /// 0 at the end.
  [[nodiscard]] std::uint8_t byte() noexcept {
    if (bytes_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return first;
  }
  /// As many as there are, at most.
  [[nodiscard]] understudy::BytesView take(std::size_t size) noexcept {
    const understudy::BytesView taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }

 private:
  understudy::BytesView bytes_;
};

}  // namespace fuzz
