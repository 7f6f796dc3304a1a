// What is linked into a mailbox. A node is one of
//   tell          a block of the pool that holds the message; released by the actor that takes it;
//   waiting tell  the same, of a sender that waits for room in a full mailbox; released by the second of the two;
//   ask           part of the asker's frame (or, with a deadline, a block shared with the asker): see reply_slot.hpp.
#pragma once

#include "understudy/actor/detail/urgency.hpp"
#include "understudy/base/detail/atomic.hpp"
#include "understudy/runtime/detail/context.hpp"
#include "understudy/runtime/detail/frame_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace understudy::detail {

enum class NodeKind : std::uint8_t { tell, waiting_tell, ask };

/// What came of putting a node into a mailbox. `accepted_wake`: the caller now must schedule the receiver.
/// `accepted_trim`: it now must drop what is too old (MailboxCore::trim). `fenced`: not tried, for the sender has been
/// replaced.
enum class Push : std::uint8_t { accepted, accepted_wake, accepted_trim, full, closed, fenced };

/// The life of a request between its two parties: the requester, who waits, and the peer, who holds the node, or a
/// Reply.
///   unsent       the peer knows nothing of it yet
///   waiting      the requester waits
///   answering    the peer has claimed it and writes the result
///   answered     the result is a value; the requester has been scheduled
///   failed       the result is an error; the requester has been scheduled
///   interrupted  a deadline or a kill has claimed it: the requester goes on, or is destroyed, without the peer
///   abandoned    the requester has let go of the memory: the peer releases it
///   peer_done    the peer has let go of the memory: the requester releases it
enum class RequestState : std::uint8_t {
  unsent,
  waiting,
  answering,
  answered,
  failed,
  interrupted,
  abandoned,
  peer_done
};

/// Aligned to 16, so that a mailbox's word has room for its flags in the low bits.
struct alignas(16) MessageHead {
  explicit MessageHead(NodeKind node_kind) noexcept : kind(node_kind), calls(node_kind == NodeKind::waiting_tell) {}

  MessageHead* next = nullptr;
  // Claimed by compare-and-swap from `waiting` (acq_rel: the winner sees what the other side wrote, and shows what it
  // wrote itself); the memory is handed over by two exchanges, of which the second releases it (acq_rel as well).
  Atomic<RequestState> state{RequestState::unsent};
  // One byte, all written before the node is sent; the four that the head leaves free belong to small messages.
  const NodeKind kind : 2;
  bool calls : 1;                    ///< The receiver looks at it before its list is used up: it waits, or is urgent.
  bool urgent : 1 = false;           ///< It goes before all that are not.
  bool timed : 1 = false;            ///< A request with a deadline: see ReplySlot::deadline.
  std::uint8_t times : 3 = 0;        ///< How often it was delivered again (redelivery.hpp).
  std::uint16_t message_offset = 0;  ///< Where the message is, from the node's start.

  template <typename M>
  void place_message(const M* message) noexcept {
    message_offset = static_cast<std::uint16_t>(reinterpret_cast<const std::byte*>(message) -
                                                reinterpret_cast<const std::byte*>(this));
    if constexpr (has_urgent_lane<M>) {
      urgent = detail::is_urgent(*message);
      calls = calls || urgent;
    }
  }
  template <typename M>
  [[nodiscard]] M& message() noexcept {
    return *reinterpret_cast<M*>(reinterpret_cast<std::byte*>(this) + message_offset);
  }
  /// True if nobody waits for it any more: it need not be started.
  [[nodiscard]] bool is_given_up() const noexcept {
    const RequestState now = state.load(std::memory_order_relaxed);
    return now == RequestState::interrupted || now == RequestState::abandoned;
  }
};

/// A message that nobody waits for.
template <typename M>
struct TellNode final : MessageHead {
  static_assert(alignof(M) <= 16, "a message may not ask for more than 16 bytes of alignment");
  /// `make_content()` gives the message, which is made in its place.
  template <typename MakeContent>
  TellNode(std::in_place_t /*tag*/, const MakeContent& make_content)
      : MessageHead(NodeKind::tell), content(make_content()) {
    place_message(&content);
  }
  M content;

  static TellNode* make(M&& value) {
    return new TellNode(std::in_place, [&value]() -> M { return std::move(value); });
  }
  static void release(TellNode* node) noexcept { delete node; }

  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* node, std::size_t size) noexcept { free_block(node, size); }
};

/// A message that is not sent yet, in the block in which it will be sent.
template <typename M>
class UnsentTell {
 public:
  template <typename MakeContent>
  explicit UnsentTell(std::in_place_t tag, const MakeContent& make_content)
      : node_(new TellNode<M>(tag, make_content)) {}
  UnsentTell(UnsentTell&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  UnsentTell& operator=(UnsentTell&& other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  UnsentTell(const UnsentTell&) = delete;
  UnsentTell& operator=(const UnsentTell&) = delete;
  ~UnsentTell() {
    if (node_ != nullptr) [[unlikely]]
      end();
  }

  [[nodiscard]] TellNode<M>& node() const noexcept { return *node_; }
  [[nodiscard]] M& message() const noexcept { return node_->content; }
  /// The node belongs to the mailbox now.
  void note_sent() noexcept { node_ = nullptr; }

 private:
  [[gnu::noinline]] void end() noexcept { TellNode<M>::release(node_); }

  TellNode<M>* node_;  // Null once it has been sent.
};

}  // namespace understudy::detail
