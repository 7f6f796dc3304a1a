// What a context waits for while it is suspended, and who may end that.
#pragma once

#include "understudy/base/error.hpp"

#include <cstdint>
#include <limits>

namespace understudy::detail {

class ActorCell;

/// What a suspended context waits for.
struct Wait {
  enum class Kind : std::uint8_t {
    event,     ///< Something that happens once.
    timer,     ///< A moment.
    socket,    ///< Bytes, room or a connection.
    blocking,  ///< A declared blocking call: slow is not stuck.
    message,   ///< The next message: idle.
    room,      ///< Room in a full mailbox: the fault, if any, is downstream.
    answer,    ///< An answer from `target`.
  };
  Kind kind;
  bool claimed = false;               ///< It has come; the context stands in a run queue.
  const ActorCell* target = nullptr;  ///< For `answer` and `room`: the actor it waits on.
  bool unread = false;                ///< For `answer`: the request waits in its mailbox.
  bool passed_on = false;             ///< For `answer`: not the actor that was asked. That one it keeps alive.
  /// For `blocking`: when the call's budget is used up, in supervision time.
  std::int64_t budget_ends_ns = std::numeric_limits<std::int64_t>::max();
};

/// "an answer", "a timer" ...: for people. Static storage.
[[nodiscard]] const char* name_of(Wait::Kind kind) noexcept;

/// Something a context waits for. Lives in the frame that waits, or in memory that outlives it.
class Suspension {
 public:
  /// Takes the right to resume the waiting context. True for exactly one caller. Any thread, while it is protected
  /// (see above) or known to be alive.
  virtual bool claim() noexcept = 0;
  /// The same, because what the context works for is not wanted any more: it goes on with the error `cancelled`. Only
  /// for waits that can end so.
  virtual bool cancel() noexcept { return false; }
  /// If it waits for an answer that the actor `cell`, whose thread has been fenced, has in hand: takes the right to
  /// resume the waiting context, which goes on with `error`.
  virtual bool fail_if_in_hand_of(const ActorCell& /*cell*/, const Error& /*error*/) noexcept { return false; }
  /// What is waited for, for incidents and for judging liveness.
  [[nodiscard]] virtual Wait waiting_for() const noexcept = 0;

 protected:
  Suspension() = default;
  Suspension(const Suspension&) = delete;
  Suspension& operator=(const Suspension&) = delete;
  ~Suspension() = default;
};

}  // namespace understudy::detail
