// Asking: send a request, await the answer.
//
//     us::Result<std::int64_t> total = co_await counter.ask<Add>(5).within(1s);
//
// Every ask ends: with the value, or with one of
//     timeout        the time given to `within`, or inherited, is over
//     cancelled      what it was a part of is not wanted any more (see below)
//     actor_crashed  the actor failed, or was reset, with this request in hand
//     actor_stopped  the actor has stopped
//     mailbox_full   its mailbox is full, and its policy is not to wait
//     reply_dropped  the actor let go of the Reply
//     storage_failed and others: what the actor itself answered by Reply::fail
// Destroying a suspended asker is safe at any instant. Its request, if no actor has taken it yet, is never started.
//
// Deadlines travel. While an actor handles a request that was asked `within` some time, every ask it makes ends by then
// as well, whatever it says itself; so do those of tasks that it spawns meanwhile. If the asker is destroyed, these end
// with `cancelled`: nobody wants what they are for. `regardless` takes an ask out of this: for work that others want
// too. An actor handles a message from the `receive` that gave it until it calls `receive` again; one that goes on to
// gather more by `try_receive` works for several askers, and inherits nothing. A request asked without `within`, by
// somebody who has inherited nothing, takes nothing along.
//
// Cost: no allocation; the request lives in the asker's frame until the actor takes it. With a deadline, its own or an
// inherited one: one block of the thread's pool, one timer, and two looks at the clock.
#pragma once

#include "understudy/actor/detail/ask_node.hpp"
#include "understudy/actor/detail/cell_pointer.hpp"

#include <cstring>
#include <tuple>

namespace understudy {
namespace detail {

/// Awaits an ask that has a deadline.
template <typename M, typename Request>
class TimedAskAwaiter {
 public:
  using Node = TimedAskNode<M, Request>;

  explicit TimedAskAwaiter(Node* node) noexcept : node_(node) {}
  TimedAskAwaiter(const TimedAskAwaiter&) = delete;
  TimedAskAwaiter& operator=(const TimedAskAwaiter&) = delete;
  ~TimedAskAwaiter() { Node::leave(node_); }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept { return node_->send(awaiting); }
  [[nodiscard]] Result<ReplyType<Request>> await_resume() { return node_->take(); }

 private:
  Node* node_;
};

/// Awaits an ask without a deadline of its own. The request is part of the awaiting frame, unless the asker has
/// inherited a deadline: then it is a block, as above. Which of the two costs the frame no byte: a node begins with a
/// pointer that is never null (to its virtual functions), so null there says that it is a block.
template <bool Inherits, typename M, typename Request>
class AskAwaiter {
 public:
  template <typename... Args>
  AskAwaiter(ActorCell& target, std::tuple<Args...>&& args) {
    if constexpr (Inherits) {
      if (const TimePoint deadline = this_thread().current->deadline(); deadline != TimePoint::max()) [[unlikely]] {
        new (&block_) Block{nullptr, TimedAskNode<M, Request>::make(target, std::move(args), deadline)};
        return;
      }
    }
    new (&node_) AskNode<M, Request>(target, std::move(args));
  }
  AskAwaiter(const AskAwaiter&) = delete;
  AskAwaiter& operator=(const AskAwaiter&) = delete;
  ~AskAwaiter() {
    if (is_block()) [[unlikely]] {
      TimedAskNode<M, Request>::leave(block_.node);
    } else if (!node_.interrupted()) {
      node_.AskNode<M, Request>::~AskNode();
    } else {
      // Destroyed while suspended: the mailbox or a Reply still refers to the node, so the frame's memory must stay.
      new AskTenant(node_);
    }
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    if (is_block()) [[unlikely]]
      return block_.node->send(awaiting);
    return node_.send(awaiting, [] { return true; });
  }
  [[nodiscard]] Result<ReplyType<Request>> await_resume() {
    if (is_block()) [[unlikely]]
      return block_.node->take();
    return node_.take();
  }

 private:
  struct Block {
    void* null;
    TimedAskNode<M, Request>* node;
  };
  [[nodiscard]] bool is_block() const noexcept {
    if constexpr (!Inherits) return false;
    const void* first = nullptr;
    std::memcpy(static_cast<void*>(&first), static_cast<const void*>(this), sizeof first);
    return first == nullptr;
  }

  union {
    AskNode<M, Request> node_;  // In a union, because its end is not always the awaiter's.
    Block block_;
  };
};

}  // namespace detail

/// A request with a deadline, ready to be awaited.
template <bool Inherits, typename M, typename Request, typename... Args>
class [[nodiscard("an ask does nothing until it is awaited")]] TimedAsk {
 public:
  TimedAsk(detail::CellPointer target, std::tuple<Args...>&& args, Duration limit)
      : target_(std::move(target)), args_(std::move(args)), limit_(limit) {}
  [[nodiscard]] auto operator co_await() && {
    const detail::Context& asker = *detail::this_thread().current;
    TimePoint deadline = after(asker.scheduler().clock().now(), limit_);
    if constexpr (Inherits) deadline = std::min(deadline, asker.deadline());
    return detail::TimedAskAwaiter<M, Request>(
        detail::TimedAskNode<M, Request>::make(*target_, std::move(args_), deadline));
  }

 private:
  detail::CellPointer target_;
  std::tuple<Args...> args_;
  Duration limit_;
};

/// A request, ready to be awaited. Refers to the Address it was made from, which must outlive the await.
template <bool Inherits, typename M, typename Request, typename... Args>
class [[nodiscard("an ask does nothing until it is awaited")]] BasicAsk {
 public:
  BasicAsk(detail::ActorCell& target, std::tuple<Args...>&& args) : target_(&target), args_(std::move(args)) {}

  /// Limits the wait: after `limit` the ask ends with `timeout`, and a request not yet taken is never started. What is
  /// done for it inherits what is left. The longest Duration means: no limit, but cancelled with its asker.
  [[nodiscard]] TimedAsk<Inherits, M, Request, Args...> within(Duration limit) && {
    return {detail::CellPointer::share(*target_), std::move(args_), limit};
  }
  /// Neither limited by the deadline of the message in hand, nor cancelled with its asker.
  [[nodiscard]] BasicAsk<false, M, Request, Args...> regardless() && { return {*target_, std::move(args_)}; }
  [[nodiscard]] auto operator co_await() && {
    return detail::AskAwaiter<Inherits, M, Request>(*target_, std::move(args_));
  }

 private:
  detail::ActorCell* target_;
  std::tuple<Args...> args_;
};
template <typename M, typename Request, typename... Args>
using Ask = BasicAsk<true, M, Request, Args...>;

}  // namespace understudy
