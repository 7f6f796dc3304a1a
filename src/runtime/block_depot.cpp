#include "runtime/block_depot.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

#include <sys/mman.h>

namespace understudy::detail {
namespace {

/// One more than this many regions, and those that are empty go back to the system.
constexpr std::size_t empty_regions_kept = 1;

struct Unmap {
  void operator()(std::byte* region) const noexcept { ::munmap(region, BlockDepot::region_bytes); }
};
using MappedRegion = std::unique_ptr<std::byte, Unmap>;

MappedRegion map_region(bool huge) {
  constexpr std::size_t bytes = BlockDepot::region_bytes;
  // Twice the size, of which the aligned part is kept.
  void* mapped = ::mmap(nullptr, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<std::byte*>(mapped);
  const std::size_t before = (bytes - reinterpret_cast<std::uintptr_t>(begin) % bytes) % bytes;
  if (before > 0) ::munmap(begin, before);
  ::munmap(begin + before + bytes, bytes - before);
  // A wish: where the system has no huge pages, small ones do.
  if (huge) ::madvise(begin + before, bytes, MADV_HUGEPAGE);
  return MappedRegion(begin + before);
}

}  // namespace

BlockDepot& BlockDepot::instance() noexcept {
  static auto* const depot = new BlockDepot;
  return *depot;
}

BlockDepot::~BlockDepot() {
  for (const Region& region : regions_) {
    if (region.memory != nullptr) Unmap()(region.memory);
  }
}

BlockDepot::Span& BlockDepot::span_of(FreeBlock* block) noexcept {
  return *reinterpret_cast<Span*>(reinterpret_cast<std::uintptr_t>(block) & ~(span_bytes - 1));
}

void BlockDepot::link(SizeClass& in, Span& span) noexcept {
  span.previous = nullptr;
  span.next = in.partial;
  if (in.partial != nullptr) in.partial->previous = &span;
  in.partial = &span;
}

void BlockDepot::unlink(SizeClass& in, Span& span) noexcept {
  (span.previous != nullptr ? span.previous->next : in.partial) = span.next;
  if (span.next != nullptr) span.next->previous = span.previous;
}

FreeBlock* BlockDepot::block_at(Span& span, std::uint32_t index) noexcept {
  auto* first = reinterpret_cast<std::byte*>(&span) + sizeof(Span);
  return reinterpret_cast<FreeBlock*>(first + std::size_t{index} * span.block_bytes);
}

FreeBlock* BlockDepot::take(std::size_t size_class, std::uint32_t wanted, std::uint32_t& count) {
  SizeClass& in = classes_[size_class];
  FreeBlock* head = nullptr;
  count = 0;
  Span* fresh = nullptr;
  std::uint32_t fresh_begin = 0;
  std::uint32_t fresh_count = 0;
  {
    std::unique_lock lock(in.mutex);
    if (in.batch_count > 0) {
      const Batch& batch = in.batches[--in.batch_count];
      count = batch.count;
      return batch.head;
    }
    if (in.partial == nullptr) {
      lock.unlock();
      Span& span = new_span(size_class);
      lock.lock();
      link(in, span);
    }
    while (count < wanted && fresh == nullptr && in.partial != nullptr) {
      Span& span = *in.partial;
      while (count < wanted && span.free != nullptr) {
        FreeBlock* block = span.free;
        span.free = block->next;
        --span.free_count;
        block->next = head;
        head = block;
        ++count;
      }
      if (count < wanted && span.free_count > 0) {  // What is left has never been carved.
        fresh = &span;
        fresh_begin = span.carved;
        fresh_count = std::min(wanted - count, span.free_count);
        span.carved += fresh_count;
        span.free_count -= fresh_count;
      }
      if (span.free_count == 0) unlink(in, span);
    }
  }
  for (std::uint32_t i = fresh_count; i-- > 0;) {
    FreeBlock* block = block_at(*fresh, fresh_begin + i);
    block->next = head;
    head = block;
  }
  count += fresh_count;
  return head;
}

void BlockDepot::give_batch(std::size_t size_class, FreeBlock* head, std::uint32_t count) noexcept {
  SizeClass& in = classes_[size_class];
  {
    const std::lock_guard lock(in.mutex);
    if (in.batch_count < in.batches.size()) {
      in.batches[in.batch_count++] = {head, count};
      return;
    }
  }
  give(size_class, head);
}

void BlockDepot::give(std::size_t size_class, FreeBlock* head) noexcept {
  SizeClass& in = classes_[size_class];
  const std::lock_guard lock(in.mutex);
  while (head != nullptr) {
    FreeBlock* next = head->next;
    Span& span = span_of(head);
    head->next = span.free;
    span.free = head;
    if (span.free_count++ == 0) link(in, span);
    if (span.free_count == span.capacity) {
      unlink(in, span);
      release_span(span);
    }
    head = next;
  }
}

/// The oldest region that has a free span, or null.
BlockDepot::Region* BlockDepot::region_with_room() noexcept {
  const auto begin = regions_.begin() + static_cast<std::ptrdiff_t>(first_free_);
  const auto found = std::find_if(begin, regions_.end(), [](const Region& region) { return region.free_spans != 0; });
  first_free_ = static_cast<std::size_t>(found - regions_.begin());
  return found != regions_.end() ? &*found : nullptr;
}

BlockDepot::Region& BlockDepot::enter(std::byte* memory) {
  auto found = regions_.end();
  if (mapped_regions_ < regions_.size()) {
    found = std::ranges::find_if(regions_, [](const Region& region) { return region.memory == nullptr; });
  } else {
    regions_.push_back(Region{.index = regions_.size()});
    found = regions_.end() - 1;
  }
  found->memory = memory;
  found->free_spans = all_spans_free;
  ++mapped_regions_;
  ++empty_regions_;
  first_free_ = std::min(first_free_, found->index);
  return *found;
}

BlockDepot::Span& BlockDepot::new_span(std::size_t size_class) {
  std::byte* place = nullptr;
  Region* region = nullptr;
  {
    std::unique_lock lock(regions_mutex_);
    region = region_with_room();
    if (region == nullptr) {
      const bool huge = mapped_regions_ > 0;
      lock.unlock();
      MappedRegion memory = map_region(huge);
      // The first touch: a fault for the whole huge page. Others go on meanwhile, or map a region of their own.
      *static_cast<volatile std::byte*>(memory.get()) = std::byte{0};
      lock.lock();
      region = &enter(memory.get());
      static_cast<void>(memory.release());
    }
    if (region->free_spans == all_spans_free) --empty_regions_;
    const auto index = static_cast<unsigned>(std::countr_zero(region->free_spans));
    region->free_spans &= ~(1U << index);
    place = region->memory + index * span_bytes;
  }
  auto* span = new (place) Span{};
  span->region = region;
  span->block_bytes = static_cast<std::uint32_t>((size_class + 1) * block_granularity);
  span->capacity = static_cast<std::uint32_t>((span_bytes - sizeof(Span)) / span->block_bytes);
  span->free_count = span->capacity;
  return *span;
}

void BlockDepot::release_span(Span& span) noexcept {
  Region& region = *span.region;
  const auto index = static_cast<unsigned>((reinterpret_cast<std::byte*>(&span) - region.memory) / span_bytes);
  const std::lock_guard lock(regions_mutex_);
  region.free_spans |= 1U << index;
  first_free_ = std::min(first_free_, region.index);
  if (region.free_spans != all_spans_free) return;
  if (empty_regions_ < empty_regions_kept) {
    ++empty_regions_;
    return;
  }
  Unmap()(region.memory);
  region.memory = nullptr;
  region.free_spans = 0;
  --mapped_regions_;
}

std::size_t BlockDepot::bytes_held() const noexcept {
  const std::lock_guard lock(regions_mutex_);
  return mapped_regions_ * region_bytes;
}

}  // namespace understudy::detail
