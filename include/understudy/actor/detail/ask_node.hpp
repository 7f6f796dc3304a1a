// A request in a mailbox, together with the slot for its answer; and the same with a deadline, which goes with it.
//
// What a deadline does. The actor that takes the request up inherits its deadline (Context::deadline) until it takes
// the next message: asks that it makes meanwhile end with `timeout` by then, each by its own timer. If the asker is
// destroyed, or cancelled itself, before its time is over, the actor is told (ActorCell::cancel_work): the ask in which
// it waits ends with `cancelled`, and so does each that it makes for this message afterwards. A request without a
// deadline has none of this, and pays for none of it. See docs/decisions/0011-deadlines-travel.md.
#pragma once

#include "understudy/actor/detail/actor_cell.hpp"
#include "understudy/actor/detail/slot_pointer.hpp"
#include "understudy/actor/detail/work_state.hpp"
#include "understudy/actor/message.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace understudy::detail {

void release_tenant(FrameTenant* tenant) noexcept;

/// Whether an ask of `asker`, an actor, to `target` might close a circle of actors that wait for one another: `target`
/// is suspended in the middle of a message. (Two asks that cross at the same instant may both be told no.)
[[nodiscard]] inline bool may_close_circle(const Context& asker, const ActorCell& target) noexcept {
  return (target.seems_suspended() && !target.mailbox().sleeping()) || &asker == &target;
}
/// Follows who waits for whom from `target`; if that leads back to `asker`: the error that names the circle.
[[nodiscard]] std::optional<Error> circle_closed_by(const Context& asker, ActorCell& target);
/// The error of an ask that `target` has not answered in time: what that one does, and since when.
[[nodiscard]] Error timeout_of(ActorCell& target);

template <typename M, typename Request>
class AskNode : public TypedReplySlot<ReplyType<Request>> {
  using Slot = TypedReplySlot<ReplyType<Request>>;

 public:
  template <typename... Args>
  AskNode(ActorCell& target, std::tuple<Args...>&& args) : Slot(target) {
    target.fetch();
    std::apply(
        [this](Args&&... arg) {
          new (&message_) M(Request{std::forward<Args>(arg)..., Reply<ReplyType<Request>>(*this)});
        },
        std::move(args));
    this->place_message(&message_);
  }
  AskNode(const AskNode&) = delete;
  AskNode& operator=(const AskNode&) = delete;
  ~AskNode() {
    if (this->state.load(std::memory_order_relaxed) == RequestState::unsent) message_.~M();
  }

  /// Suspends the running context, at `awaiting`, on this request. `arm` runs when it is about to be sent, and may
  /// refuse it. False: it was refused and has failed.
  template <typename Arm>
  bool send(std::coroutine_handle<> awaiting, Arm arm) noexcept {
    Context& asker = *this_thread().current;
    ActorCell& cell = this->target();
    if (asker.is_actor() && may_close_circle(asker, cell)) [[unlikely]] {
      if (std::optional<Error> circle = circle_closed_by(asker, cell)) {
        refuse(*std::move(circle));
        return false;
      }
    }
    this->wait_as(asker);
    if (!asker.publish(awaiting, *this)) {
      refuse(ErrorCode::cancelled);
      asker.give_up();
      return true;
    }
    if (!arm()) {
      asker.unpublish();
      return false;
    }
    const Push pushed = cell.mailbox().push(*this, cell.options().when_full == WhenFull::wait);
    switch (pushed) {
      case Push::accepted:
        Context::armed();
        return true;
      case Push::accepted_wake:
      case Push::accepted_trim:
        Context::armed();
        cell.after_push(pushed);
        return true;
      case Push::full:
        refuse(ErrorCode::mailbox_full);
        break;
      case Push::closed:
        refuse(ErrorCode::actor_stopped);
        break;
      case Push::fenced:  // Only tells: `publish` has said no.
        refuse(ErrorCode::cancelled);
        break;
    }
    asker.unpublish();
    return false;
  }
  /// True once the asker has been interrupted: only `abandon` is left to do.
  [[nodiscard]] bool interrupted() const noexcept {
    const RequestState now = this->state.load(std::memory_order_acquire);
    return now == RequestState::interrupted || now == RequestState::peer_done;
  }
  Result<ReplyType<Request>> take() { return this->take_result(); }

 protected:
  /// Before it is sent: it fails, and can be claimed by nobody.
  void refuse(Error error) noexcept {
    // Not `waiting` any more, so that the Reply that goes with the message finds nobody to answer.
    this->state.store(RequestState::answering, std::memory_order_relaxed);
    message_.~M();
    if (caller_is_fenced()) [[unlikely]]
      SlotPointer::forget_put_off(*this);
    new (this->error_place()) Error(std::move(error));
    this->state.store(RequestState::failed, std::memory_order_relaxed);
  }

 private:
  void release_abandoned() noexcept override { release_tenant(this->tenant()); }

  union {
    M message_;  // Until the actor, or a refusal, takes it out.
  };
};

/// The frame of an asker that was destroyed while its request was under way: kept until the request's peer lets go.
class AskTenant final : public FrameTenant {
 public:
  explicit AskTenant(ReplySlot& slot) noexcept : slot_(slot) { outlive(&slot); }
  void frame_ended(void* block, std::size_t size) noexcept override {
    block_ = block;
    size_ = size;
    if (slot_.abandon(this)) release();
  }
  void release() noexcept {
    free_block(block_, size_);
    delete this;
  }

 private:
  ReplySlot& slot_;
  void* block_ = nullptr;
  std::size_t size_ = 0;
};
inline void release_tenant(FrameTenant* tenant) noexcept { static_cast<AskTenant*>(tenant)->release(); }

/// A request with a deadline. A block of its own, since the asker may go on before its peer lets go.
template <typename M, typename Request>
class TimedAskNode final : public AskNode<M, Request>, private Timer {
 public:
  /// The latest deadline there is; beyond it lies "none".
  static constexpr TimePoint latest = TimePoint::max() - Duration{1};

  template <typename... Args>
  static TimedAskNode* make(ActorCell& target, std::tuple<Args...>&& args, TimePoint deadline) {
    void* block = allocate_block(sizeof(TimedAskNode));
    return new (block) TimedAskNode(target, std::move(args), std::min(deadline, latest));
  }
  /// The asker is done with `node`, or is destroyed.
  static void leave(TimedAskNode* node) noexcept {
    node->stop_timer();
    if (node->interrupted()) {
      node->give_up_work();
      if (!node->abandon(nullptr)) return;
    }
    release(node);
  }

  bool send(std::coroutine_handle<> awaiting) noexcept {
    return AskNode<M, Request>::send(awaiting, [this] { return arm(); });
  }
  Result<ReplyType<Request>> take() {
    stop_timer();
    if (this->interrupted()) return std::unexpected(cancelled_ ? Error(ErrorCode::cancelled) : timeout_of(asked_));
    return AskNode<M, Request>::take();
  }

 private:
  template <typename... Args>
  TimedAskNode(ActorCell& target, std::tuple<Args...>&& args, TimePoint deadline)
      : AskNode<M, Request>(target, std::move(args)), asked_(target), deadline_(deadline) {
    this->timed = true;
  }
  ~TimedAskNode() = default;

  static void release(TimedAskNode* node) noexcept {
    node->~TimedAskNode();
    free_block(node, sizeof(TimedAskNode));
  }
  void release_abandoned() noexcept override { release(this); }

  /// Starts the timer, unless the time is over, or nobody wants the work that this is a part of.
  bool arm() noexcept {
    Context& asker = this->asker();
    if (deadline_ <= asker.scheduler().clock().now()) {
      this->refuse(ErrorCode::timeout);
      return false;
    }
    if (asker.deadline() != TimePoint::max() && asker.cell() != nullptr && asker.cell()->work_is_cancelled()) {
      this->refuse(ErrorCode::cancelled);
      return false;
    }
    if (deadline_ != latest) {
      scheduler_ = &asker.scheduler();
      scheduler_->start_timer(*this, deadline_);
    }
    return true;
  }
  void stop_timer() noexcept {
    if (scheduler_ != nullptr) std::exchange(scheduler_, nullptr)->cancel_timer(*this);
  }
  void fire() noexcept override {
    Context& asker = this->asker();
    // The asker may still be sending, on its thread: wait the few instructions until it has let go of its frame.
    asker.scheduler().wait_until_armed(asker);
    if (!this->claim()) return;
    expired_ = true;
    asker.schedule();
  }
  bool cancel() noexcept override {
    if (!this->claim()) return false;
    cancelled_ = true;
    return true;
  }
  /// The asker was interrupted. Those who work for it have the deadline too; anything else they must be told.
  void give_up_work() noexcept {
    if (expired_ || this->state.load(std::memory_order_relaxed) == RequestState::peer_done) return;
    const std::uint64_t before = work_.give_up();
    if (before != WorkState::untaken) asked_.cancel_work(before);
  }
  [[nodiscard]] TimePoint deadline() const noexcept override { return deadline_; }
  bool begin_work(std::uint64_t number) noexcept override { return work_.begin(number); }

  ActorCell& asked_;
  const TimePoint deadline_;
  WorkState work_;
  Scheduler* scheduler_ = nullptr;
  // Written by the one who has claimed the request, before it schedules the asker, who reads them.
  bool expired_ = false;
  bool cancelled_ = false;
};

}  // namespace understudy::detail
