// The targets of a router: read by every send without a lock, changed rarely.
//
// The table only grows: a target that is removed is marked, and its cell is kept until the table ends. So a reader
// needs no protection of its own: no count, no lock, no epoch; and adding a target again revives its place.
#pragma once

#include "understudy/actor/detail/cell_pointer.hpp"
#include "understudy/base/detail/atomic.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <memory>

namespace understudy::detail {

/// Spreads the bits of a number (the finaliser of SplitMix64).
[[nodiscard]] constexpr std::uint64_t spread_bits(std::uint64_t mixed) noexcept {
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31U);
}

/// One target of a table.
class Target {
 public:
  [[nodiscard]] ActorCell& cell() const noexcept { return *cell_; }
  /// It may be chosen: it has not been removed, and takes messages.
  [[nodiscard]] bool is_open() const noexcept {
    return !removed_.load(std::memory_order_relaxed) && !cell_->mailbox().closed();
  }
  /// A hint, as all that is read of a mailbox from outside.
  [[nodiscard]] bool has_room() const noexcept { return cell_->mailbox().depth() < cell_->mailbox().capacity(); }
  /// What waits and what is in hand; an idle actor has 0, one that is busy with an empty mailbox 1.
  [[nodiscard]] std::size_t load() const noexcept {
    return cell_->mailbox().depth() + (cell_->mailbox().sleeping() ? 0 : 1);
  }
  /// Tells targets apart for hashing: made of the actor's path.
  [[nodiscard]] std::uint64_t salt() const noexcept { return salt_; }

 private:
  friend class TargetTable;
  CellPointer cell_;
  std::uint64_t salt_ = 0;
  // Relaxed: a send that overlaps a removal may go either way.
  Atomic<bool> removed_{false};
};

/// Threads: any.
class TargetTable {
 public:
  TargetTable() = default;
  TargetTable(const TargetTable&) = delete;
  TargetTable& operator=(const TargetTable&) = delete;
  ~TargetTable() {
    for (Atomic<Target*>& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
  }

  /// False if it is there already.
  bool add(CellPointer cell);
  /// False if it is not there. Messages that it has been sent stay its own.
  bool remove(const ActorCell& cell);

  /// All places, those of removed targets included.
  [[nodiscard]] std::uint32_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  /// The place `index` < size().
  [[nodiscard]] Target& at(std::uint32_t index) const noexcept {
    const std::uint32_t shifted = index + first_chunk;
    const auto chunk = static_cast<std::uint32_t>(std::bit_width(shifted)) - first_chunk_width;
    // Relaxed: `size` was read with acquire, after the chunk was stored.
    return chunks_[chunk].load(std::memory_order_relaxed)[shifted - (first_chunk << chunk)];
  }
  /// Targets that may be chosen now.
  [[nodiscard]] std::uint32_t open_count() const noexcept {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0, all = size(); i < all; ++i) count += at(i).is_open() ? 1 : 0;
    return count;
  }

 private:
  static constexpr std::uint32_t first_chunk = 8;  // Chunk k holds 8 * 2^k places.
  static constexpr std::uint32_t first_chunk_width = 4;
  [[nodiscard]] Target* find(const ActorCell& cell) const noexcept;

  ThreadMutex changing_;
  std::array<Atomic<Target*>, 20> chunks_{};
  // Stored (release) after the place that it counts has been filled; read by senders (acquire).
  Atomic<std::uint32_t> size_{0};
};

/// Where a sender's round begins. Two that use one at once may choose alike, which does no harm: relaxed, and no
/// read-modify-write. Copies begin at places of their own.
class RoundPosition {
 public:
  RoundPosition() = default;
  RoundPosition(const RoundPosition& other) noexcept : next_(other.get() + 1) { other.set(other.get() + 1); }
  RoundPosition& operator=(const RoundPosition& other) noexcept {
    set(other.get() + 1);
    return *this;
  }
  ~RoundPosition() = default;
  [[nodiscard]] std::uint32_t get() const noexcept { return next_.load(std::memory_order_relaxed); }
  void set(std::uint32_t next) const noexcept { next_.store(next, std::memory_order_relaxed); }

 private:
  mutable Atomic<std::uint32_t> next_{0};
};

/// The next open target after the last one chosen that has room; if none has room, the next open one. Null: none is
/// open.
[[nodiscard]] Target* choose_in_turn(const TargetTable& table, const RoundPosition& position) noexcept;
/// The open target with the least load, one with room before one without. Null: none is open.
[[nodiscard]] Target* choose_least_loaded(const TargetTable& table, const RoundPosition& position) noexcept;
/// The open target whose salt weighs most together with `hash` (rendezvous hashing, Thaler and Ravishankar 1996): a
/// target that comes takes its share from all others, one that goes leaves its own to all others, and nothing else
/// moves. Null: none is open.
[[nodiscard]] Target* choose_by_hash(const TargetTable& table, std::uint64_t hash) noexcept;

}  // namespace understudy::detail
