// Redelivery: the message in hand is given to the next incarnation, if its actor is set up so
// (SpawnOptions::redeliver).
//
// Who takes such a message from the mailbox keeps a copy of it beside, without its Reply. If the incarnation then
// fails, the frame that it leaves drops the message itself; of a request the Reply that is dropped there is *spared*:
// it neither answers nor fails its asker. Copy and spared Reply make the message anew, and that goes back to the head
// of the mailbox. A request that was answered, or passed on, before its actor failed does not come back, for its Reply
// did not.
#pragma once

#include "understudy/actor/detail/tell_node.hpp"
#include "understudy/actor/message.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

namespace understudy::detail {

template <typename M>
concept SaysHowToComeAgain = requires(const M& message) {
  { message.again() } -> std::same_as<M>;
};
/// Whether a message of this type can be delivered again: it can be copied, or has `M again() const`, which gives a
/// copy with an empty Reply.
template <typename M>
inline constexpr bool can_come_again = SaysHowToComeAgain<M> || std::copy_constructible<M>;
template <typename... Alternatives>
inline constexpr bool can_come_again<std::variant<Alternatives...>> = (can_come_again<Alternatives> && ...);

template <typename M>
[[nodiscard]] M again(const M& message) {
  if constexpr (SaysHowToComeAgain<M>) {
    return message.again();
  } else {
    return message;
  }
}
template <typename... Alternatives>
[[nodiscard]] std::variant<Alternatives...> again(const std::variant<Alternatives...>& message) {
  return std::visit([](const auto& one) { return std::variant<Alternatives...>(again(one)); }, message);
}

/// What is kept of the message in hand. All by the holder of the right to run the actor.
class Redelivery {
 public:
  /// Deliveries after the first, at most; what a node has room to count.
  static constexpr std::uint8_t most_possible = 7;

  explicit Redelivery(std::uint8_t most) noexcept : most_(most < most_possible ? most : most_possible) {}
  Redelivery(const Redelivery&) = delete;
  Redelivery& operator=(const Redelivery&) = delete;
  virtual ~Redelivery() = default;

  /// The slot of the request that was kept last; null if that was a tell, or has come back.
  [[nodiscard]] ReplySlot* slot() const noexcept { return slot_; }
  /// Its Reply was dropped, and spared.
  void note_came_back() noexcept { came_back_ = std::exchange(slot_, nullptr); }
  [[nodiscard]] ReplySlot* came_back() const noexcept { return came_back_; }
  [[nodiscard]] bool may_come_again() const noexcept { return times_ < most_; }
  /// The message anew, to be put back into the mailbox of `cell`. Null if there is no memory, or it could not be
  /// copied.
  [[nodiscard]] virtual MessageHead* make_again(const ActorCell& cell) noexcept = 0;
  /// Nothing is kept any more.
  virtual void forget() noexcept = 0;

 protected:
  void note_kept(ReplySlot* slot, std::uint8_t times) noexcept {
    slot_ = slot;
    came_back_ = nullptr;
    times_ = times;
  }
  [[nodiscard]] std::uint8_t times() const noexcept { return times_; }

 private:
  const std::uint8_t most_;
  std::uint8_t times_ = 0;  // How often it was delivered again, before this.
  ReplySlot* slot_ = nullptr;
  ReplySlot* came_back_ = nullptr;
};

template <typename M>
class RedeliveryOf final : public Redelivery {
 public:
  using Redelivery::Redelivery;

  /// Keeps a copy of `message`, which was delivered again `times` times before. One that cannot be copied now is not
  /// kept.
  void keep(const M& message, std::uint8_t times) noexcept {
    forget();
    try {
      copy_.emplace(again(message));
      note_kept(slot_carried_by(message), times);
    } catch (...) {
      copy_.reset();
    }
  }
  [[nodiscard]] MessageHead* make_again(const ActorCell& cell) noexcept override {
    if (!copy_) return nullptr;
    ReplySlot* const slot = came_back();
    try {
      TellNode<M>* node = TellNode<M>::make(*std::exchange(copy_, std::nullopt));
      node->times = static_cast<std::uint8_t>(times() + 1) & Redelivery::most_possible;
      if (slot != nullptr) {
        slot->note_waiting_at(cell);
        renew_reply(node->content, *slot);
      }
      note_kept(nullptr, 0);
      return node;
    } catch (...) {
      return nullptr;
    }
  }
  void forget() noexcept override {
    copy_.reset();
    note_kept(nullptr, 0);
  }

 private:
  std::optional<M> copy_;
};

}  // namespace understudy::detail
