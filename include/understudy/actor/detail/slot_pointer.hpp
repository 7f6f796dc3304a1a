// SlotPointer: how a Reply refers to its slot, which may be taken from it.
//
// A slot without a deadline lies in its asker's frame, so its asker goes on only when whoever holds the Reply has
// answered, or let go. An actor that holds its thread does neither; so its supervisor answers in its stead (with an
// error), and the asker goes on, and the slot is gone though the Reply still points to it. Such slots are *orphans*:
// they are listed, and a Reply that was made before the list was last added to looks there before it touches its slot.
// So that this costs nothing as long as no actor has held its thread, a pointer carries in its upper bits, which no
// address of this process uses, how often that had happened when it was made.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace understudy::detail {

class ReplySlot;

class SlotPointer {
 public:
  SlotPointer() noexcept = default;
  explicit SlotPointer(ReplySlot& slot) noexcept : word_(reinterpret_cast<std::uint64_t>(&slot)) {
    if (const std::uint64_t epoch = epoch_now(); epoch != 0) [[unlikely]]
      word_ |= epoch << address_bits;
  }
  SlotPointer(SlotPointer&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  SlotPointer& operator=(SlotPointer&& other) noexcept {
    word_ = std::exchange(other.word_, 0);
    return *this;
  }
  SlotPointer(const SlotPointer&) = delete;
  SlotPointer& operator=(const SlotPointer&) = delete;
  ~SlotPointer() = default;

  /// True if it was given a slot, and has not released it.
  [[nodiscard]] explicit operator bool() const noexcept { return word_ != 0; }
  /// The slot; null if there is none, or it is an orphan.
  [[nodiscard]] ReplySlot* get() const noexcept {
    // Whoever was given a pointer of a later epoch sees that one, or a later one.
    return epoch_now() == 0 ? reinterpret_cast<ReplySlot*>(word_) : find(word_);
  }
  /// The same, and points to none afterwards.
  [[nodiscard]] ReplySlot* release() noexcept {
    const std::uint64_t word = std::exchange(word_, 0);
    return epoch_now() == 0 ? reinterpret_cast<ReplySlot*>(word) : find_and_forget(word);
  }
  /// By a fenced thread, which may not touch it any more: it is let go of when who has fenced it is done. Null.
  ReplySlot* refuse() noexcept;

  /// On a fenced thread: `slot` is its own, and what was refused of it need not be let go of.
  static void forget_put_off(const ReplySlot& slot) noexcept;

  /// Lists `slot`, whose asker is about to be answered by somebody else than its Reply. Any thread. May throw
  /// std::bad_alloc.
  static void add_orphan(const ReplySlot& slot);
  /// Before a number of `add_orphan`: pointers made from now on are to other slots.
  static void begin_orphans() noexcept;
  /// How many are listed: their Replies have not been let go of.
  [[nodiscard]] static std::size_t orphans() noexcept;

 private:
  static constexpr unsigned address_bits = 48;
  static ReplySlot* slot_of(std::uint64_t word) noexcept {
    return reinterpret_cast<ReplySlot*>(word & ((std::uint64_t{1} << address_bits) - 1));
  }
  // Relaxed: a Reply is handed from thread to thread by something that orders its use; and who adds orphans has fenced
  // the thread that holds them.
  [[nodiscard]] static std::uint64_t epoch_now() noexcept { return epoch_.load(std::memory_order_relaxed); }
  /// The same where there may be orphans.
  [[nodiscard]] static ReplySlot* find(std::uint64_t word) noexcept;
  [[nodiscard]] static ReplySlot* find_and_forget(std::uint64_t word) noexcept;
  [[nodiscard]] static bool is_orphan(std::uint64_t word) noexcept;
  static void forget_orphan(std::uint64_t word) noexcept;
  static void let_go(std::uint64_t word) noexcept;

  // 0: no actor of this process has ever held its thread, so there are no orphans. It never comes back to that.
  inline static constinit std::atomic<std::uint16_t> epoch_{0};
  std::uint64_t word_ = 0;
};

}  // namespace understudy::detail
