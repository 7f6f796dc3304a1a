// Passwords: only their SHA-256 is kept, and compared in a time that does not tell how much of it was right.
//
// SHA-256 without salt is what Redis keeps, so that its users can be taken over. It is fast: a password that people
// think up can be found from it. Those that `make_password` draws cannot.
//
// Threads: pure functions, but for the randomness of the operating system.
#pragma once

#include "understudy/base/bytes.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>

namespace understudy::server {

using PasswordHash = std::array<unsigned char, 32>;

/// A longer one is never right, and cannot be set: hashing it would hold up a worker. It is also the longest argument
/// that a connection may send before it has said who it is.
inline constexpr std::size_t password_bytes_max = 16'384;

[[nodiscard]] PasswordHash hash_password(BytesView password);
/// Looks at every byte, whatever it finds.
[[nodiscard]] bool same_hash(const PasswordHash& one, const PasswordHash& other) noexcept;

/// 64 hexadecimal digits, in small letters.
[[nodiscard]] std::string to_hexadecimal(const PasswordHash& hash);
/// None if `text` is anything else.
[[nodiscard]] std::optional<PasswordHash> parse_hash(BytesView text) noexcept;

/// A password of random bits, in hexadecimal digits: as many as hold `bits`.
[[nodiscard]] std::string make_password(std::size_t bits);

}  // namespace understudy::server
