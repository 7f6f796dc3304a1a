// Asking: send a request, await the answer.
//
//     us::Result<std::int64_t> total = co_await counter.ask<Add>(5).within(1s);
//
// Every ask ends: with the value, or with one of
//     timeout        the time given to `within` is over
//     actor_crashed  the actor failed, or was reset, with this request in hand
//     actor_stopped  the actor has stopped
//     mailbox_full   its mailbox is full, and its policy is not to wait
//     reply_dropped  the actor let go of the Reply
//     storage_failed and others: what the actor itself answered by Reply::fail
// Destroying a suspended asker is safe at any instant. Its request, if no actor has taken it yet, is never started.
//
// Cost: no allocation; the request lives in the asker's frame until the actor takes it. With a deadline: one block of
// the thread's pool, and one timer.
#pragma once

#include "understudy/actor/detail/actor_cell.hpp"
#include "understudy/actor/message.hpp"

#include <tuple>

namespace understudy {
namespace detail {

void release_tenant(FrameTenant* tenant) noexcept;

/// A request in a mailbox, together with the slot for its answer.
template <typename M, typename Request>
class AskNode final : public TypedReplySlot<ReplyType<Request>> {
  using Slot = TypedReplySlot<ReplyType<Request>>;

 public:
  template <typename... Args>
  AskNode(ActorCell& target, std::tuple<Args...>&& args) : Slot(target) {
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

  /// Suspends the running context, at `awaiting`, on this request. `arm` runs when it is about to be sent. False: it
  /// was refused and has failed.
  template <typename Arm>
  bool send(std::coroutine_handle<> awaiting, Arm arm) noexcept {
    Context& asker = *this_thread().current;
    ActorCell& cell = this->target();
    this->wait_as(asker);
    if (!asker.publish(awaiting, *this)) {
      refuse(ErrorCode::cancelled);
      asker.give_up();
      return true;
    }
    arm();
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

  static void release(AskNode* node) noexcept {
    node->~AskNode();
    free_block(node, sizeof(AskNode));
  }

 private:
  void refuse(ErrorCode code) noexcept {
    // Not `waiting` any more, so that the Reply that goes with the message finds nobody to answer.
    this->state.store(RequestState::answering, std::memory_order_relaxed);
    message_.~M();
    new (this->error_place()) Error(code);
    this->state.store(RequestState::failed, std::memory_order_relaxed);
  }
  void release_abandoned() noexcept override {
    if (FrameTenant* tenant = this->tenant()) {
      release_tenant(tenant);
    } else {
      free_block(this, sizeof(AskNode));
    }
  }

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

/// Awaits an ask without a deadline; the request is part of the awaiting frame.
template <typename M, typename Request>
class AskAwaiter {
 public:
  template <typename... Args>
  AskAwaiter(ActorCell& target, std::tuple<Args...>&& args) : node_(target, std::move(args)) {}
  AskAwaiter(const AskAwaiter&) = delete;
  AskAwaiter& operator=(const AskAwaiter&) = delete;
  ~AskAwaiter() {
    if (!node_.interrupted()) {
      node_.~AskNode();
      return;
    }
    // Destroyed while suspended: the mailbox or a Reply still refers to the node, so the frame's memory must stay.
    new AskTenant(node_);
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    return node_.send(awaiting, [] {});
  }
  [[nodiscard]] Result<ReplyType<Request>> await_resume() { return node_.take(); }

 private:
  union {
    AskNode<M, Request> node_;  // In a union, because its end is not always the awaiter's.
  };
};

/// Awaits an ask with a deadline; the request is a block of its own, since the asker may go on before its peer lets go.
template <typename M, typename Request>
class TimedAskAwaiter final : private Timer {
 public:
  template <typename... Args>
  TimedAskAwaiter(ActorCell& target, std::tuple<Args...>&& args, Duration limit)
      : node_(new(allocate_block(sizeof(AskNode<M, Request>))) AskNode<M, Request>(target, std::move(args))),
        limit_(limit) {}
  TimedAskAwaiter(const TimedAskAwaiter&) = delete;
  TimedAskAwaiter& operator=(const TimedAskAwaiter&) = delete;
  ~TimedAskAwaiter() {
    cancel_timer();
    if (node_ == nullptr) return;
    if (!node_->interrupted() || node_->abandon(nullptr)) release_node();
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    AskNode<M, Request>& node = *node_;
    return node.send(awaiting, [this, &node] {
      scheduler_ = &node.asker().scheduler();
      scheduler_->start_timer(*this, after(scheduler_->clock().now(), limit_));
    });
  }
  [[nodiscard]] Result<ReplyType<Request>> await_resume() {
    cancel_timer();
    if (node_->interrupted()) return failure(ErrorCode::timeout);
    return node_->take();
  }

 private:
  void fire() noexcept override {
    Context& asker = node_->asker();
    // The asker may still be sending, on its thread: wait the few instructions until it has let go of its frame.
    asker.scheduler().wait_until_armed(asker);
    if (node_->claim()) asker.schedule();
  }
  void cancel_timer() noexcept {
    if (scheduler_ != nullptr) std::exchange(scheduler_, nullptr)->cancel_timer(*this);
  }
  void release_node() noexcept { AskNode<M, Request>::release(std::exchange(node_, nullptr)); }

  AskNode<M, Request>* node_;
  Duration limit_;
  Scheduler* scheduler_ = nullptr;
};

}  // namespace detail

/// A request with a deadline, ready to be awaited.
template <typename M, typename Request, typename... Args>
class [[nodiscard("an ask does nothing until it is awaited")]] TimedAsk {
 public:
  TimedAsk(detail::CellPointer target, std::tuple<Args...>&& args, Duration limit)
      : target_(std::move(target)), args_(std::move(args)), limit_(limit) {}
  [[nodiscard]] auto operator co_await() && {
    return detail::TimedAskAwaiter<M, Request>(*target_, std::move(args_), limit_);
  }

 private:
  detail::CellPointer target_;
  std::tuple<Args...> args_;
  Duration limit_;
};

/// A request, ready to be awaited. Refers to the Address it was made from, which must outlive the await.
template <typename M, typename Request, typename... Args>
class [[nodiscard("an ask does nothing until it is awaited")]] Ask {
 public:
  Ask(detail::ActorCell& target, std::tuple<Args...>&& args) : target_(&target), args_(std::move(args)) {}

  /// Limits the wait: after `limit` the ask ends with `timeout`, and a request not yet taken is never started.
  [[nodiscard]] TimedAsk<M, Request, Args...> within(Duration limit) && {
    return {detail::CellPointer::share(*target_), std::move(args_), limit};
  }
  [[nodiscard]] auto operator co_await() && { return detail::AskAwaiter<M, Request>(*target_, std::move(args_)); }

 private:
  detail::ActorCell* target_;
  std::tuple<Args...> args_;
};

}  // namespace understudy
