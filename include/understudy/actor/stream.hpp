// Streams of answers: a request that is answered by many values, as fast as they are taken.
//
//     struct List { std::string prefix; us::ReplyStream<Item> items; };
//
//     // who asks:
//     us::Stream<Item> items = co_await us::open_stream<List>(shop, 16, "fruit/");
//     while (auto item = co_await items.next()) { ... }
//     if (!items.result()) { ... }                       // why it ended early
//
//     // who answers, an actor or a task that it has moved the ReplyStream to:
//     for (Item& item : found) {
//       if (!co_await list.items.send(std::move(item))) co_return;  // nobody takes them any more
//     }
//     list.items.finish();
//
// Every stream ends: by `finish`; by `fail`; by an error if the ReplyStream is destroyed before: `actor_crashed` if its
// actor crashed, was reset, or has been replaced and comes back, `actor_stopped` or `mailbox_full` if the request never
// arrived, else `reply_dropped`. What was sent before is taken first. Backpressure: up to `capacity` values wait; then
// `send` does. When the Stream is destroyed, the values that wait are too, and `send` gives `cancelled`, also the one
// under way.
//
// One coroutine sends and one takes, each on any worker. A deadline does not go with a stream; a sender that waits for
// room does not count as stuck. Cost: one block for the stream, a short lock for each value.
#pragma once

#include "understudy/actor/address.hpp"
#include "understudy/actor/detail/stream_core.hpp"
#include "understudy/actor/select.hpp"

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace understudy {
namespace detail {
template <typename Request>
struct StreamOf {};
template <typename Request>
  requires requires(Request& request) { typename std::remove_cvref_t<decltype(request.items)>::item_type; }
struct StreamOf<Request> {
  using item_type = typename std::remove_cvref_t<decltype(std::declval<Request&>().items)>::item_type;
};
}  // namespace detail

/// The sending side, carried in a message.
template <typename T>
class [[nodiscard]] ReplyStream {
 public:
  using item_type = T;

  /// One that nobody takes from.
  ReplyStream() noexcept = default;
  explicit ReplyStream(std::shared_ptr<detail::StreamCore<T>> core) noexcept : core_(std::move(core)) {}
  ReplyStream(ReplyStream&&) noexcept = default;
  ReplyStream& operator=(ReplyStream&& other) noexcept {
    ReplyStream(std::move(other)).core_.swap(core_);
    return *this;
  }
  ReplyStream(const ReplyStream&) = delete;
  ReplyStream& operator=(const ReplyStream&) = delete;
  ~ReplyStream() {
    if (core_ != nullptr) end(std::unexpected(detail::reason_for_drop()));
  }

  /// Sends a value, made from `args`, when there is room: `co_await items.send(x)`. Gives Result<void>: `cancelled` if
  /// nobody takes any more, or after the end. Destroyed while it waits for room, it sends nothing.
  template <typename... Args>
    requires std::constructible_from<T, Args...>
  [[nodiscard]] detail::SendAwaiter<T> send(Args&&... args) {
    return {core_.get(), T(std::forward<Args>(args)...)};
  }
  /// All has been sent.
  void finish() noexcept { end({}); }
  /// Ends the stream with an error, after what has been sent.
  void fail(Error error) noexcept { end(std::unexpected(std::move(error))); }
  /// True while somebody takes.
  [[nodiscard]] bool wanted() const noexcept { return core_ != nullptr && !core_->abandoned(); }

 private:
  void end(Result<void> result) noexcept {
    if (core_ == nullptr) return;
    const detail::LibraryCall call;
    if (call.fenced()) {
      detail::count_refused();
      result = failure(ErrorCode::actor_crashed, "the sending incarnation has been replaced");
    }
    std::exchange(core_, nullptr)->end(std::move(result));
  }
  std::shared_ptr<detail::StreamCore<T>> core_;
};

/// The taking side.
template <typename T>
class [[nodiscard("a Stream that is destroyed cancels its sender")]] Stream {
 public:
  using item_type = T;

  explicit Stream(std::shared_ptr<detail::StreamCore<T>> core) noexcept : core_(std::move(core)) {}
  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    if (core_ != nullptr) core_->abandon();
  }

  /// Waits for the next value; none at the end: see `result`. Destroyed while it waits, it takes nothing.
  [[nodiscard]] detail::NextAwaiter<T> next() noexcept { return detail::NextAwaiter<T>(*core_); }
  /// After `next` gave none: success if the sender has finished, else why it did not.
  [[nodiscard]] Result<void> result() const { return core_->result(); }

  /// For `select`: a Stream given by name is a branch that takes a value only if it wins.
  [[nodiscard]] detail::StreamCore<T>& core() const noexcept { return *core_; }

 private:
  std::shared_ptr<detail::StreamCore<T>> core_;
};

/// Both ends of a stream, for messages that are made by hand.
template <typename T>
[[nodiscard]] std::pair<Stream<T>, ReplyStream<T>> make_stream(std::size_t capacity) {
  auto core = std::make_shared<detail::StreamCore<T>>(capacity);
  Stream<T> taker(core);
  return {std::move(taker), ReplyStream<T>(std::move(core))};
}

/// Tells `address` a `Request`, made of `args` and, last, a ReplyStream called `items`, and gives the Stream. Waits
/// while the mailbox is full; if the request cannot be sent, the stream ends at once with the reason. In a coroutine of
/// a System.
template <typename Request, Message M, typename... Args>
  requires Accepts<M, Request>
auto open_stream(Address<M> address, std::size_t capacity, Args... args)
    -> Task<Stream<typename detail::StreamOf<Request>::item_type>> {
  auto ends = make_stream<typename detail::StreamOf<Request>::item_type>(capacity);
  M message(Request{std::move(args)..., std::move(ends.second)});
  const Result<void> sent = co_await address.tell(std::move(message));
  static_cast<void>(sent);  // If it was not, the ReplyStream in it has told the Stream.
  co_return std::move(ends.first);
}

namespace detail {

template <typename T>
class Branch<Stream<T>&> {
 public:
  using Value = std::optional<T>;
  Branch() = default;
  Branch(const Branch&) = delete;
  Branch& operator=(const Branch&) = delete;
  ~Branch() {
    if (stream_ != nullptr) stream_->core().watch(nullptr);
  }
  void watch(Watcher& watcher, Stream<T>& stream) noexcept {
    stream_ = &stream;
    stream.core().watch(&watcher);
  }
  void start(OpenScope& /*scope*/, Stream<T>& /*stream*/) noexcept {}
  [[nodiscard]] bool finished() const noexcept { return stream_->core().ready(nullptr); }
  std::optional<Value> take() { return std::optional<Value>(std::in_place, stream_->core().pop()); }

 private:
  Stream<T>* stream_ = nullptr;
};

}  // namespace detail
}  // namespace understudy
