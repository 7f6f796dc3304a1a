#include "server/acl/password.hpp"

#include <stdexcept>
#include <string_view>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace understudy::server {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

void append_hexadecimal(std::string& out, unsigned char byte) {
  out += digits[byte >> 4U];
  out += digits[byte & 15U];
}

}  // namespace

PasswordHash hash_password(BytesView password) {
  PasswordHash hash{};
  unsigned int size = 0;
  const int done = EVP_Digest(password.data(), password.size(), hash.data(), &size, EVP_sha256(), nullptr);
  if (done != 1 || size != hash.size()) throw std::runtime_error("the cryptographic library has no SHA-256");
  return hash;
}

bool same_hash(const PasswordHash& one, const PasswordHash& other) noexcept {
  return CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string to_hexadecimal(const PasswordHash& hash) {
  std::string text;
  for (const unsigned char byte : hash) append_hexadecimal(text, byte);
  return text;
}

std::optional<PasswordHash> parse_hash(BytesView text) noexcept {
  PasswordHash hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = digits.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    hash[i / 2] = static_cast<unsigned char>(hash[i / 2] << 4U | digit);
  }
  return hash;
}

// The system's own random numbers can be repeated from a seed, which a password must not be.
std::string make_password(std::size_t bits) {
  const std::size_t digit_count = (bits + 3) / 4;
  std::vector<unsigned char> bytes((digit_count + 1) / 2);
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("the cryptographic library has no random bytes");
  }
  std::string text;
  for (const unsigned char byte : bytes) append_hexadecimal(text, byte);
  text.resize(digit_count);
  return text;
}

}  // namespace understudy::server
