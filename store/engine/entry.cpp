#include "engine/entry.hpp"

#include "understudy/actor/long_copy.hpp"

#include <new>

namespace understudy::store {
namespace {

constexpr unsigned bits_a_byte = 7;
/// A block that is not worth being exchanged for a smaller one.
constexpr std::size_t small_block = 64;

std::size_t length_bytes(std::size_t length) noexcept {
  std::size_t bytes = 1;
  while ((length >>= bits_a_byte) != 0) ++bytes;
  return bytes;
}

}  // namespace

std::size_t Entry::size_of(std::size_t key_bytes, std::size_t value_bytes, bool expires) noexcept {
  return sizeof(word_) + length_bytes(key_bytes) + length_bytes(value_bytes) + (expires ? sizeof(std::int64_t) : 0) +
         key_bytes + value_bytes;
}

char* Entry::write_head(std::size_t key_bytes, std::size_t value_bytes, std::optional<WallTime> expires_at) noexcept {
  word_ = (word_ & ~expires_flag) | (expires_at ? expires_flag : 0);
  unsigned char* place = reinterpret_cast<unsigned char*>(this) + sizeof word_;
  for (std::size_t length : {key_bytes, value_bytes}) {
    for (; length >= more; length >>= bits_a_byte) *place++ = static_cast<unsigned char>(length | more);
    *place++ = static_cast<unsigned char>(length);
  }
  if (expires_at) {
    const std::int64_t milliseconds = expires_at->time_since_epoch().count();
    std::memcpy(place, &milliseconds, sizeof milliseconds);
    place += sizeof milliseconds;
  }
  return reinterpret_cast<char*>(place);
}

Entry* Entry::make(BytesView key, BytesView value, std::optional<WallTime> expires_at, std::uint32_t used) {
  const std::size_t size = size_of(key.size(), value.size(), expires_at.has_value());
  void* const block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  auto* const entry = new (block) Entry;
  entry->set_used(used);
  entry->note_spare(usable_bytes(block) - size);
  char* const place = entry->write_head(key.size(), value.size(), expires_at);
  copy_long(place, key);
  copy_long(place + key.size(), value);
  return entry;
}

bool Entry::change_time(WallTime expires_at) noexcept {
  if (!expires()) return false;
  static_cast<void>(write_head(key().size(), value().size(), expires_at));
  return true;
}

bool Entry::assign(BytesView value, std::optional<WallTime> expires_at) noexcept {
  const BytesView old_key = key();
  const std::size_t needed = size_of(old_key.size(), value.size(), expires_at.has_value());
  const std::size_t block = room();
  if (needed > block || (needed < block / 2 && block > small_block)) return false;
  // The key moves by what the head in front of it grows or shrinks: it is moved first, over bytes that are not needed
  // any more, and the head is written before it.
  const std::size_t head = needed - old_key.size() - value.size();
  char* const place = reinterpret_cast<char*>(this) + head;
  std::memmove(place, old_key.data(), old_key.size());
  static_cast<void>(write_head(old_key.size(), value.size(), expires_at));
  note_spare(block - needed);
  copy_long(place + old_key.size(), value);
  return true;
}

}  // namespace understudy::store
