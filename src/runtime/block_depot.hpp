// Where threads exchange free blocks, a batch at a time, and where blocks come from.
//
// Memory comes from the system in regions of 2 MiB, aligned to their size, and all but the first asked to be a huge
// page: a first touch costs one fault for 2 MiB instead of 512. A region is divided into 32 spans; a span holds blocks
// of one size class, and its head is found from a block's address by masking. Blocks that come back go to their span,
// so that a span, and then a region, whose blocks are all free is noticed; empty regions beyond one are given back to
// the system, whatever pattern the blocks were freed in. New spans are taken from the oldest region that has one, so
// that young regions, those of a spike, run empty.
//
// A few whole batches of each size class are handed from thread to thread as they are, without a look at their blocks:
// so one thread that allocates what another frees costs either of them a few instructions a batch.
//
// Threads: any; each size class has a lock, the regions have one more. Fresh memory is touched for the first time under
// neither: that takes milliseconds for a huge page. Lives for ever, since threads may end after static destruction.
// Cost: some nanoseconds a block, as part of a batch.
#pragma once

#include "understudy/runtime/detail/frame_pool.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>

namespace understudy::detail {

class BlockDepot {
 public:
  static constexpr std::size_t region_bytes = std::size_t{2} * 1024 * 1024;
  static constexpr std::size_t span_bytes = std::size_t{64} * 1024;

  /// The one that frame_pool uses.
  static BlockDepot& instance() noexcept;

  BlockDepot() = default;
  BlockDepot(const BlockDepot&) = delete;
  BlockDepot& operator=(const BlockDepot&) = delete;
  /// Gives back all regions; no block may be in use any more.
  ~BlockDepot();

  /// A chain of up to `wanted` free blocks of the class, at least one; their number in `count`. Throws std::bad_alloc.
  FreeBlock* take(std::size_t size_class, std::uint32_t wanted, std::uint32_t& count);
  /// Takes back a chain of blocks of the class, whoever took them.
  void give(std::size_t size_class, FreeBlock* head) noexcept;
  /// The same for `count` blocks that another thread is likely to take soon, as they are.
  void give_batch(std::size_t size_class, FreeBlock* head, std::uint32_t count) noexcept;

  /// Memory that it holds from the system, used or not.
  [[nodiscard]] std::size_t bytes_held() const noexcept;

 private:
  static constexpr std::size_t spans_per_region = region_bytes / span_bytes;
  static constexpr std::uint32_t all_spans_free = 0xFFFF'FFFFU;
  static_assert(spans_per_region == 32);

  struct Region {
    std::byte* memory = nullptr;   // Null: given back to the system; the entry is used again.
    std::uint32_t free_spans = 0;  // Bit i: span i is free.
    std::size_t index = 0;
  };
  /// The head of a span, at its start. Guarded by its class's lock.
  struct alignas(64) Span {
    Region* region;
    Span* next;
    Span* previous;
    FreeBlock* free;
    std::uint32_t free_count;  // Blocks on `free`, and those never carved.
    std::uint32_t capacity;
    std::uint32_t carved;  // Blocks from here on have never been touched.
    std::uint32_t block_bytes;
  };
  struct Batch {
    FreeBlock* head;
    std::uint32_t count;
  };
  struct SizeClass {
    std::mutex mutex;
    Span* partial = nullptr;  // Spans with a free block, linked both ways.
    std::array<Batch, 4> batches{};
    std::uint32_t batch_count = 0;
  };

  static Span& span_of(FreeBlock* block) noexcept;
  static FreeBlock* block_at(Span& span, std::uint32_t index) noexcept;
  static void link(SizeClass& in, Span& span) noexcept;
  static void unlink(SizeClass& in, Span& span) noexcept;
  Region* region_with_room() noexcept;
  Region& enter(std::byte* memory);
  Span& new_span(std::size_t size_class);
  void release_span(Span& span) noexcept;

  std::array<SizeClass, block_class_count> classes_;
  mutable std::mutex regions_mutex_;
  std::deque<Region> regions_;  // Oldest first, in general; a deque, so that they stay where they are.
  std::size_t first_free_ = 0;  // No region before this one has a free span.
  std::size_t mapped_regions_ = 0;
  std::size_t empty_regions_ = 0;
};

}  // namespace understudy::detail
