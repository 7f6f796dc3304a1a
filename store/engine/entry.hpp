// Entry: a key, its value and what is known of the two, in one block of memory.
//
//   4 bytes      bit 0: it has a time to die; bits 1 to 7: bytes of the block that are not used, 127: the allocator
//                knows; bits 8 to 31: when it was last used, in KeySpace's own count
//   1 to 5       length of the key: seven bits a byte, the lowest first, bit 7 set in all but the last
//   1 to 5       length of the value, the same
//   0 or 8       its time to die: milliseconds since 1970, UTC
//   …            key, value
//
// A key and a value of 8 bytes each take 22 bytes, which an allocator gives in a block of 32; 16 and 32 bytes take 54,
// in a block of 64.
//
// Threads: none of its own.
#pragma once

#include "engine/allocation.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/clock.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace understudy::store {

class Entry {
 public:
  /// When an entry was last used: 24 bits.
  static constexpr std::uint32_t used_max = (std::uint32_t{1} << 24U) - 1;

  /// To be given to `free`. Throws std::bad_alloc.
  [[nodiscard]] static Entry* make(BytesView key, BytesView value, std::optional<WallTime> expires_at,
                                   std::uint32_t used);
  static void free(Entry* entry) noexcept { std::free(entry); }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  [[nodiscard]] BytesView key() const noexcept {
    const Parts parts = take_apart();
    return {parts.key, parts.key_bytes};
  }
  [[nodiscard]] BytesView value() const noexcept {
    const Parts parts = take_apart();
    return {parts.key + parts.key_bytes, parts.value_bytes};
  }
  [[nodiscard]] bool expires() const noexcept { return (word_ & expires_flag) != 0; }
  /// Its time to die, if it has one.
  [[nodiscard]] std::optional<WallTime> expires_at() const noexcept {
    if (!expires()) return std::nullopt;
    std::int64_t milliseconds = 0;
    std::memcpy(&milliseconds, take_apart().key - sizeof milliseconds, sizeof milliseconds);
    return WallTime(std::chrono::milliseconds(milliseconds));
  }
  [[nodiscard]] std::uint32_t used() const noexcept { return word_ >> used_shift; }
  void set_used(std::uint32_t used) noexcept { word_ = (word_ & ~(used_max << used_shift)) | (used << used_shift); }
  /// What its block takes.
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return rounded_block(room()); }

  /// Gives it another time, if it has one already. False, and nothing done, if not.
  [[nodiscard]] bool change_time(WallTime expires_at) noexcept;
  /// Gives it another value and time, in its own block. False, and nothing done, if the block is too small, or would
  /// be more than twice too large. `value` must not be a part of this entry.
  [[nodiscard]] bool assign(BytesView value, std::optional<WallTime> expires_at) noexcept;

 private:
  struct Parts {
    const char* key;
    std::size_t key_bytes;
    std::size_t value_bytes;
  };
  static constexpr std::uint32_t expires_flag = 1;
  static constexpr unsigned spare_shift = 1;
  static constexpr std::uint32_t spare_max = (std::uint32_t{1} << 7U) - 1;  // So much, or more.
  static constexpr unsigned used_shift = 8;
  static constexpr unsigned more = 0x80;

  Entry() noexcept = default;

  [[nodiscard]] static std::size_t size_of(std::size_t key_bytes, std::size_t value_bytes, bool expires) noexcept;
  /// All of the block that can be used. What the entry knows itself need not be asked of the allocator, which would
  /// have to look for it in memory that nobody has used for long.
  [[nodiscard]] std::size_t room() const noexcept {
    const std::uint32_t spare = (word_ >> spare_shift) & spare_max;
    if (spare == spare_max) return usable_bytes(this);
    const Parts parts = take_apart();
    const char* const end = parts.key + parts.key_bytes + parts.value_bytes;
    return static_cast<std::size_t>(end - reinterpret_cast<const char*>(this)) + spare;
  }
  void note_spare(std::size_t bytes) noexcept {
    const auto spare = static_cast<std::uint32_t>(std::min<std::size_t>(bytes, spare_max));
    word_ = (word_ & ~(spare_max << spare_shift)) | (spare << spare_shift);
  }
  /// Where the key belongs.
  [[nodiscard]] char* write_head(std::size_t key_bytes, std::size_t value_bytes,
                                 std::optional<WallTime> expires_at) noexcept;
  static std::size_t read_length(const unsigned char*& place) noexcept {
    std::size_t length = *place & (more - 1);
    for (unsigned shift = 7; (*place++ & more) != 0; shift += 7) {
      length |= static_cast<std::size_t>(*place & (more - 1)) << shift;
    }
    return length;
  }
  [[nodiscard]] const unsigned char* bytes() const noexcept {
    return reinterpret_cast<const unsigned char*>(this) + sizeof word_;
  }
  [[nodiscard]] Parts take_apart() const noexcept {
    const unsigned char* place = bytes();
    const std::size_t key_bytes = read_length(place);
    const std::size_t value_bytes = read_length(place);
    if (expires()) place += sizeof(std::int64_t);
    return {reinterpret_cast<const char*>(place), key_bytes, value_bytes};
  }

  std::uint32_t word_ = 0;
};

}  // namespace understudy::store
