// Unsigned numbers to bytes and back, lowest byte first.
#pragma once

#include <cstddef>

namespace understudy::journal {

template <typename Number>
void store(char* at, Number number) noexcept {
  for (std::size_t byte = 0; byte < sizeof(Number); ++byte) {
    at[byte] = static_cast<char>(static_cast<unsigned char>(number >> (8U * byte)));
  }
}

template <typename Number>
[[nodiscard]] Number load(const char* at) noexcept {
  Number number = 0;
  for (std::size_t byte = 0; byte < sizeof(Number); ++byte) {
    number |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(at[byte])) << (8U * byte));
  }
  return number;
}

}  // namespace understudy::journal
