// ActorCell: what stays of an actor while its incarnations come and go: its mailbox, its place in the tree, its number
// of lives. Addresses point to it.
//
// Right to run. The cell is a Context: all that follows happens on whichever thread holds the right to run it.
//
//     start ──make──▶ live ──returned, crashed, killed──▶ ending ──children gone──▶ ended ──▶ start, or stopped
//
// A killed incarnation keeps its frame until its children have stopped; then the frame is destroyed, with the replies
// of the message in hand ending in an error, and the next incarnation starts on the same mailbox.
//
// A *sleeper* (of a pool, or on demand) does not stop when its incarnation returns: it sleeps at start, without a
// frame, on its open mailbox. A push wakes it as it wakes one that waits in receive(), so no message falls between two
// lives.
//
// What other threads may ask of it (stop, reset) and all links of the tree are guarded by the system's lifecycle mutex.
#pragma once

#include "understudy/actor/dead_letter.hpp"
#include "understudy/actor/detail/actor_list.hpp"
#include "understudy/actor/detail/actor_name.hpp"
#include "understudy/actor/detail/life.hpp"
#include "understudy/actor/detail/mailbox_core.hpp"
#include "understudy/actor/spawn_options.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/base/detail/atomic.hpp"
#include "understudy/base/error.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/task.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

namespace understudy {
namespace detail {

class DeathWatch;
class Redelivery;
class SystemCore;

/// A suspended receive().
class Receiver {
 public:
  /// Takes the next message, if one is there, or notes that none will come. False: it must wait on. Called where
  /// ThreadState::user_code is null.
  virtual bool complete() noexcept = 0;
  [[nodiscard]] virtual Suspension& suspension() noexcept = 0;

 protected:
  Receiver() = default;
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver() = default;
};

class ActorCell : public Context {
 public:
  ActorCell(SystemCore& system, ActorCell* parent, std::string_view name, const SpawnOptions& options);
  ActorCell(const ActorCell&) = delete;
  ActorCell& operator=(const ActorCell&) = delete;

  void run() noexcept final;
  [[nodiscard]] ActorCell* cell() noexcept final { return this; }

  [[nodiscard]] std::string_view name() const noexcept { return name_.view(); }
  [[nodiscard]] std::string path() const;  ///< "/key-value/writer": names from the root down.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] ActorCell* parent() const noexcept { return parent_; }  ///< Null for a root. Kept as long as this cell.
  [[nodiscard]] std::uint32_t incarnation() const noexcept { return incarnation_.load(std::memory_order_relaxed); }
  [[nodiscard]] const SpawnOptions& options() const noexcept { return options_; }
  [[nodiscard]] SystemCore& system() const noexcept { return system_; }
  [[nodiscard]] bool stopped() const noexcept { return stopped_.load(std::memory_order_acquire); }

  /// Fetches what a message to this actor touches into the cache, all at once rather than piece by piece: worth a
  /// hundred nanoseconds and more for one of a million actors, and costs one if it is there.
  void fetch() const noexcept {
    const auto* place = reinterpret_cast<const std::byte*>(this);
    __builtin_prefetch(place, 1);
    __builtin_prefetch(place + 64, 1);
    __builtin_prefetch(place + 128, 1);
  }
  MailboxCore& mailbox() noexcept { return mailbox_; }
  [[nodiscard]] const MailboxCore& mailbox() const noexcept { return mailbox_; }
  Liveness& liveness() noexcept { return liveness_; }

  // --- ownership: addresses, the tree, and the run itself each hold one -------------------------------------------
  void retain() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t owners() const noexcept { return owners_.load(std::memory_order_acquire); }
  void release() noexcept {
    if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }

  void mark_idle() noexcept { liveness_.busy_since_ns.store(0, std::memory_order_relaxed); }
  void mark_busy() noexcept {
    liveness_.busy_since_ns.store(scheduler().supervision_time().load(std::memory_order_relaxed),
                                  std::memory_order_relaxed);
    // In this order for the compiler too; the supervisor, which lets go of idle actors, has the barrier for both.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (!liveness_.watched.load(std::memory_order_relaxed)) [[unlikely]]
      ask_to_be_watched();
  }
  void count_message() noexcept {
    // One writer at a time: the holder of the right to run.
    liveness_.handled.store(liveness_.handled.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void count_not_started() noexcept {
    liveness_.not_started.store(liveness_.not_started.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  /// Takes up the request with a deadline that `slot` belongs to, as the next message. False: it comes too late.
  [[nodiscard]] bool take_up(ReplySlot& slot) noexcept;
  /// The message in hand is one whose asker has gone. Read by the actor after it has published a suspension.
  [[nodiscard]] bool work_is_cancelled() const noexcept {
    return cancelled_work_.load(std::memory_order_relaxed) == liveness_.handled.load(std::memory_order_relaxed);
  }
  /// After `accepted_wake` or `accepted_trim`. The cell may be gone afterwards.
  void after_push(Push pushed) noexcept { pushed == Push::accepted_wake ? schedule() : trim_mailbox(); }
  /// Ends a message that has no place in the full mailbox any more. Any thread.
  void drop_oldest(MessageHead& node) noexcept;
  /// The receive() it is suspended in, or null. Set by that receive(), on the thread that runs the cell.
  void set_receiver(Receiver* receiver) noexcept { receiver_ = receiver; }

  /// Whether the last `select` gave something else than a message: then it is a message's turn. Actor only.
  [[nodiscard]] bool message_is_next() const noexcept { return message_is_next_; }
  void set_message_is_next(bool next) noexcept { message_is_next_ = next; }

  /// Before it is launched: makes it a sleeper, which begins asleep.
  void make_sleeper() noexcept { sleeper_ = true; }
  /// For sleepers, any thread: if it waits in receive(), that ends with nothing. False if it does not wait.
  bool request_sleep() noexcept;
  /// For sleepers that nobody else can send to: stops it if it sleeps at start. False if it does not. Any thread.
  bool stop_if_asleep() noexcept;
  /// Whether the present incarnation has been told to sleep.
  [[nodiscard]] bool told_to_sleep() const noexcept { return told_to_sleep_; }
  // --- requests from other threads ----------------------------------------------------------------------------------
  /// The mailbox takes no more; the actor ends when it has handled what waits.
  void request_stop() noexcept;
  /// Ends incarnation `incarnation` (0: the present one) wherever it is. False if that one is not alive.
  bool request_end(std::uint32_t incarnation, Ending ending);
  /// The asker of its message `number` has gone: asks made for it end with `cancelled`, the one under way too. Does
  /// nothing if the actor has gone on to the next message. Some microseconds.
  void cancel_work(std::uint64_t number) noexcept;
  /// If its present incarnation, which has been asked to end, holds its thread: takes it from that. Its requests in
  /// hand end, the thread is left with its frames, and all else goes on as if it had ended. Not on a worker.
  bool take_from_thread();
  /// For the hook, of an incarnation that has ended: keeps the next one from starting until `release_held`. The right
  /// to run it is the hook's meanwhile.
  void hold() noexcept;
  void release_held(Duration delay) noexcept;
  /// Ends it for good, wherever it is; what it has in hand and what waits in its mailbox ends with `reason`.
  void terminate(const Error& reason) noexcept;

  // --- who wants to know of its end (death_watch.hpp) ---------------------------------------------------------------
  /// False if it has stopped: `watch` then is not listed, and the caller tells it.
  [[nodiscard]] bool add_watch(DeathWatch& watch) noexcept;
  /// Afterwards `watch` is not told. False if it is being told, or has been.
  bool remove_watch(DeathWatch& watch) noexcept;
  /// How its last incarnation ended. Once it has stopped.
  [[nodiscard]] const Ending& ending() const noexcept { return ending_; }

  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* cell, std::size_t size) noexcept { free_block(cell, size); }

 protected:
  virtual ~ActorCell();
  /// Starts a new coroutine of the actor's function. May throw.
  virtual Task<> make_incarnation() = 0;
  /// What the mailbox keeps of the message in hand; null for most.
  [[nodiscard]] virtual Redelivery* redelivery() noexcept = 0;
  /// An incarnation has ended, and its frame is gone, or is left behind with a thread.
  virtual void note_life_ended() noexcept = 0;
  /// The actor has stopped: ends the function and its arguments. They may hold addresses, this actor's own too, which
  /// would keep one another's cells for ever.
  virtual void forget_function() noexcept = 0;
  /// Ends a message that no actor will handle: a tell is a dead letter, an ask fails with this thread's teardown error.
  virtual void bury(MessageHead& node, DeadLetterCause cause, const Error& reason) noexcept = 0;
  [[nodiscard]] virtual const std::type_info& message_type() const noexcept = 0;

 private:
  friend class SystemCore;
  friend class ActorList;
  class RestartTimer;
  class Taken;
  enum class Stage : std::uint8_t { start, live, ending };

  bool mark_terminated_locked(const Error& reason) noexcept;
  void terminate_locked(const Error& reason) noexcept;
  void ask_to_be_watched() noexcept;
  void trim_mailbox() noexcept;
  bool begin_incarnation() noexcept;
  bool finish_receive() noexcept;
  bool fall_asleep() noexcept;
  static bool fail_dropped_replies(const Error& reason, const ReplySlot* spared = nullptr) noexcept;
  void settle_dropped_replies(const Ending& ending) noexcept;
  [[nodiscard]] ReplySlot* reply_to_spare(const Ending& ending) noexcept;
  void deliver_again() noexcept;
  void give_up_what_was_in_hand() noexcept;
  Ending take_requested_ending() noexcept;
  Ending ending_of_finished() noexcept;
  void end_incarnation(Ending ending) noexcept;
  void finish_incarnation() noexcept;
  void stop_for_good() noexcept;
  void forget_function_unless_in_use() noexcept;
  void release_taken() noexcept;
  void tell_watches() noexcept;
  [[nodiscard]] Error reason_of_stopping() const;
  /// What waits in the closed mailbox ends with `reason`.
  void bury_all(const Error& reason) noexcept;
  void restart_after(Duration delay) noexcept;
  void destroy() noexcept;

  [[nodiscard]] ContextExtras& find_extras() const noexcept override { return *extras_; }
  ContextExtras& add_extras() override { return *(extras_ = std::make_unique<ContextExtras>()); }

  // First, with the context, what each message touches: `fetch` counts on it.
  MailboxCore mailbox_;
  Receiver* receiver_ = nullptr;  // The holder of the right to run only, as are the next four.
  Liveness liveness_;
  Stage stage_ = Stage::start;
  bool sleeper_ = false, sleep_requested_ = false, told_to_sleep_ = false, message_is_next_ = false;
  const SpawnOptions options_;

  std::unique_ptr<ContextExtras> extras_;
  SystemCore& system_;
  ActorCell* const parent_;
  const std::uint64_t id_;
  const ActorName name_;
  // Relaxed to add, acq_rel to drop, so that the last one sees all uses.
  Atomic<std::uint32_t> owners_{1};
  // Written by the holder of the right to run, under the lifecycle mutex; read anywhere, as a number to show.
  Atomic<std::uint32_t> incarnation_{0};
  // The latest message, by number, that nobody wants any more: written by those who asked (rising; relaxed), then
  // Scheduler::heavy_fence, then a look for a suspension; read by the actor after it has published one.
  Atomic<std::uint64_t> cancelled_work_{0};
  // Threads that were left with one of its incarnations, and have not come back. Changed under the lifecycle mutex;
  // read without it (acquire) by the holder of the right to run, once it is the last.
  std::atomic<std::uint32_t> left_behind_{0};
  // Set at the very end (release); read by askers who find the mailbox closed (acquire).
  Atomic<bool> stopped_{false};

  // The holder of the right to run only.
  Task<> coroutine_;
  Ending ending_;
  Taken* taken_ = nullptr;  // The incarnation that ends now, if it was taken from its thread.

  // Guarded by the lifecycle mutex.
  bool alive_ = false;  // An incarnation runs that can be ended from outside.
  bool waits_for_children_ = false;
  bool held_ = false;       // Its next incarnation waits for its siblings to end.
  bool doomed_ = false;     // No further incarnation.
  bool forgotten_ = false;  // It has stopped, and its function goes with the last of `left_behind_`.
  std::unique_ptr<Ending> requested_ending_;
  DeathWatch* watches_ = nullptr;
  std::unique_ptr<RestartTimer> restart_timer_;
  ActorList children_;
  ActorCell* elder_ = nullptr;  // Links of its parent's children, or of the roots.
  ActorCell* younger_ = nullptr;
  bool listed_ = false;
};

template <typename Visit>
void ActorList::for_each(Visit visit) const {
  for (ActorCell* cell = youngest_; cell != nullptr;) {
    ActorCell* elder = cell->elder_;
    visit(*cell);
    cell = elder;
  }
}

/// Ends the program: an actor was to get messages again that cannot be copied.
[[noreturn]] void message_cannot_come_again(const ActorCell& cell, const std::type_info& type) noexcept;
/// Ends the program: an Address that points nowhere was used.
[[noreturn]] void empty_address_used() noexcept;

}  // namespace detail
}  // namespace understudy
