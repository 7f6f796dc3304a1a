// What memory really costs: sizes as the allocator rounds them, added up where they are allocated and freed.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace understudy::store {

/// How much of a block from malloc can be used.
[[nodiscard]] inline std::size_t usable_bytes(const void* block) noexcept {
  return ::malloc_usable_size(const_cast<void*>(block));
}
/// What a block takes of which so much can be used. glibc gives blocks of whole 16 bytes, and keeps 8 of them for
/// itself; mimalloc gives whole 16 bytes and keeps nothing: rounded up, both are told as they are (glibc's blocks of
/// their own pages, from 128 KiB on, 16 bytes too low).
[[nodiscard]] constexpr std::size_t rounded_block(std::size_t usable) noexcept {
  constexpr std::size_t step = 16;
  return (usable + step - 1) & ~(step - 1);
}
[[nodiscard]] inline std::size_t allocated_bytes(const void* block) noexcept {
  return rounded_block(usable_bytes(block));
}

/// For containers: adds what it allocates to a count, and takes it off again. The count outlives the container.
template <typename T>
class CountingAllocator {
 public:
  using value_type = T;

  explicit CountingAllocator(std::size_t& bytes) noexcept : bytes_(&bytes) {}
  template <typename U>
  CountingAllocator(const CountingAllocator<U>& other) noexcept  // NOLINT(google-explicit-constructor): as allocators
      : bytes_(other.bytes_) {}

  [[nodiscard]] T* allocate(std::size_t count) {
    void* const block = std::malloc(count * sizeof(T));
    if (block == nullptr) throw std::bad_alloc();
    *bytes_ += allocated_bytes(block);
    return static_cast<T*>(block);
  }
  void deallocate(T* block, std::size_t /*count*/) noexcept {
    *bytes_ -= allocated_bytes(block);
    std::free(block);
  }
  template <typename U>
  [[nodiscard]] bool operator==(const CountingAllocator<U>& other) const noexcept {
    return bytes_ == other.bytes_;
  }

 private:
  template <typename U>
  friend class CountingAllocator;
  std::size_t* bytes_;
};

}  // namespace understudy::store
