// The asker's side of a request: where the answer goes, and who is woken by it.
//
// A slot is shared by two parties: the asker, suspended on it, and the peer: first the mailbox that holds it as a node,
// then the `Reply` inside the message. The peer's last touch is the answer, or letting go without one. Either party may
// vanish at any instant: an asker that is interrupted (deadline, cancellation) leaves the memory to the peer, and the
// other way round; see RequestState. The memory is the asker's frame, or for asks with a deadline a block of the pool,
// since such an asker goes on while the peer may still hold the slot.
#pragma once

#include "understudy/actor/detail/message_node.hpp"
#include "understudy/base/error.hpp"

#include <atomic>
#include <utility>

namespace understudy::detail {

class ReplySlot : public MessageHead, public Suspension {
 public:
  // --- the peer ---------------------------------------------------------------------------------------------------

  /// Takes the right to answer. False: the asker is gone, and so is, for the caller, the slot.
  bool begin_answer() noexcept {
    RequestState expected = RequestState::waiting;
    if (state.compare_exchange_strong(expected, RequestState::answering, std::memory_order_acq_rel)) return true;
    leave();
    return false;
  }
  /// After begin_answer and writing the result. The slot is the asker's alone from here on.
  void end_answer(RequestState outcome) noexcept {
    Context& context = *asker_;
    state.store(outcome, std::memory_order_release);
    context.schedule();
  }
  /// Answers with an error, if the asker is still there.
  void fail(Error error) noexcept {
    if (!begin_answer()) return;
    new (error_place()) Error(std::move(error));
    end_answer(RequestState::failed);
  }

  /// Of a slot that is `timed`: when its asker stops waiting.
  [[nodiscard]] virtual TimePoint deadline() const noexcept { return TimePoint::max(); }
  /// Of a slot that is `timed`: its actor takes the request up, as its message `number`. False: the asker is gone.
  virtual bool begin_work(std::uint64_t /*number*/) noexcept { return true; }

  // --- the asker ----------------------------------------------------------------------------------------------------

  bool claim() noexcept final {
    RequestState expected = RequestState::waiting;
    return state.compare_exchange_strong(expected, RequestState::interrupted, std::memory_order_acq_rel);
  }
  [[nodiscard]] Wait waiting_for() const noexcept final {
    return {.kind = Wait::Kind::answer,
            .claimed = state.load(std::memory_order_relaxed) != RequestState::waiting,
            .target = holder(),
            .unread = (holder_.load(std::memory_order_relaxed) & in_hand_bit) == 0,
            .passed_on = (holder_.load(std::memory_order_relaxed) & passed_on_bit) != 0};
  }
  bool fail_if_in_hand_of(const ActorCell& cell, const Error& error) noexcept final;

  // --- who owes the answer ------------------------------------------------------------------------------------------
  /// The actor that has it in hand, or in whose mailbox it waits. To be compared with, not looked into: it may be gone.
  [[nodiscard]] const ActorCell* holder() const noexcept {
    return reinterpret_cast<const ActorCell*>(holder_.load(std::memory_order_relaxed) & ~all_bits);
  }
  void note_in_hand_of(const ActorCell& cell, bool passed_on) noexcept {
    holder_.store(reinterpret_cast<std::uintptr_t>(&cell) | in_hand_bit | (passed_on ? passed_on_bit : 0),
                  std::memory_order_relaxed);
  }
  /// It is about to be sent on to `cell`. What was before.
  std::uintptr_t note_waiting_at(const ActorCell& cell) noexcept {
    const std::uintptr_t before = holder_.load(std::memory_order_relaxed);
    holder_.store(reinterpret_cast<std::uintptr_t>(&cell) | passed_on_bit, std::memory_order_relaxed);
    return before;
  }
  void restore_holder(std::uintptr_t before) noexcept { holder_.store(before, std::memory_order_relaxed); }

  /// The context that will wait on this slot, asking `target`.
  void wait_as(Context& asker) noexcept {
    asker_ = &asker;
    state.store(RequestState::waiting, std::memory_order_relaxed);  // Published by the push that follows.
  }
  /// An interrupted asker lets go of the slot; `tenant` then holds its memory (null: the slot is a block of its own).
  /// True if the peer had let go before: the caller releases the memory.
  bool abandon(FrameTenant* tenant) noexcept {
    tenant_ = tenant;
    return state.exchange(RequestState::abandoned, std::memory_order_acq_rel) == RequestState::peer_done;
  }
  [[nodiscard]] Context& asker() const noexcept { return *asker_; }
  /// Whom the asker has asked. Only by the asker, before it is sent.
  [[nodiscard]] ActorCell& target() const noexcept {
    return *reinterpret_cast<ActorCell*>(holder_.load(std::memory_order_relaxed));
  }

 protected:
  explicit ReplySlot(ActorCell& target) noexcept
      : MessageHead(NodeKind::ask), holder_(reinterpret_cast<std::uintptr_t>(&target)) {}
  ~ReplySlot() = default;
  [[nodiscard]] FrameTenant* tenant() const noexcept { return tenant_; }
  /// Where an Error may be put as the result.
  [[nodiscard]] virtual void* error_place() noexcept = 0;
  /// Releases the memory of a slot that its asker has abandoned.
  virtual void release_abandoned() noexcept = 0;

 private:
  void leave() noexcept {
    if (state.exchange(RequestState::peer_done, std::memory_order_acq_rel) == RequestState::abandoned) {
      release_abandoned();
    }
  }

  union {
    Context* asker_ = nullptr;  // Until it is abandoned.
    FrameTenant* tenant_;       // From then on.
  };
  static constexpr std::uintptr_t in_hand_bit = 1;
  static constexpr std::uintptr_t passed_on_bit = 2;  // By a tell, from the actor that was asked.
  static constexpr std::uintptr_t all_bits = 3;
  // Written by whoever has the request, as it takes it or sends it on; read by supervisors, of an asker that they have
  // kept from going on. Relaxed: it is a hint but for an actor whose thread is fenced, and then that fence orders it.
  // No step of the model tests.
  std::atomic<std::uintptr_t> holder_;
};

/// A slot for an answer of type T.
template <typename T>
class TypedReplySlot : public ReplySlot {
 public:
  TypedReplySlot(const TypedReplySlot&) = delete;
  TypedReplySlot& operator=(const TypedReplySlot&) = delete;

  /// Answers with a value. False if the asker is gone.
  template <typename... Value>
  bool answer(Value&&... value) {
    if (!begin_answer()) return false;
    try {
      new (&result_) T(std::forward<Value>(value)...);
    } catch (...) {
      new (&error_) Error(ErrorCode::actor_crashed, "the answer could not be constructed");
      end_answer(RequestState::failed);
      throw;
    }
    end_answer(RequestState::answered);
    return true;
  }

 protected:
  explicit TypedReplySlot(ActorCell& target) noexcept : ReplySlot(target) {}
  ~TypedReplySlot() { destroy_result(); }
  [[nodiscard]] void* error_place() noexcept final { return &error_; }

  /// Takes the result out of an answered or failed slot.
  Result<T> take_result() {
    if (state.load(std::memory_order_acquire) == RequestState::answered) return Result<T>(std::move(result_));
    return std::unexpected(std::move(error_));
  }

 private:
  void destroy_result() noexcept {
    const RequestState now = state.load(std::memory_order_acquire);
    if (now == RequestState::answered) result_.~T();
    if (now == RequestState::failed) error_.~Error();
  }

  union {
    T result_;
    Error error_;
  };
};

/// For answers that carry nothing.
struct Nothing {};

template <>
class TypedReplySlot<void> : public TypedReplySlot<Nothing> {
 protected:
  using TypedReplySlot<Nothing>::TypedReplySlot;
  ~TypedReplySlot() = default;
  Result<void> take_result() {
    Result<Nothing> taken = TypedReplySlot<Nothing>::take_result();
    if (!taken) return std::unexpected(std::move(taken).error());
    return {};
  }
};

/// The error that a Reply dropped on this thread, now, gives its asker; defers the decision while an exception is under
/// way inside an actor. Out of line: the slow path of ~Reply.
void fail_dropped(ReplySlot& slot) noexcept;

}  // namespace understudy::detail
