#include "understudy/actor/detail/actor_cell.hpp"

#include "actor/restart_timer.hpp"
#include "actor/system_core.hpp"
#include "base/log.hpp"
#include "understudy/actor/detail/redelivery.hpp"
#include "understudy/actor/detail/reply_slot.hpp"
#include "understudy/actor/detail/system_hooks.hpp"
#include "understudy/base/detail/prefetch.hpp"
#include "understudy/runtime/detail/library_call.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <typeinfo>
#include <vector>

#include <boost/core/demangle.hpp>
#include <fmt/format.h>

namespace understudy::detail {

const char* name_of(Ending::Kind kind) noexcept {
  switch (kind) {
    case Ending::Kind::returned:
      return "returned";
    case Ending::Kind::crashed:
      return "crashed";
    case Ending::Kind::stuck:
      return "stuck";
    case Ending::Kind::holding:
      return "holding its thread";
    case Ending::Kind::reset:
      return "reset";
    case Ending::Kind::stopped:
      return "stopped";
  }
  return "ended";
}

ActorCell::ActorCell(SystemCore& system, ActorCell* parent, std::string_view name, const SpawnOptions& options)
    // A child's is its parent's, looked up without its system: who spawns it may have been replaced, and the system
    // gone.
    : Context(parent != nullptr ? parent->scheduler() : system.scheduler(), true),
      mailbox_(
          std::clamp<std::uint32_t>(options.capacity, 1, options.when_full == WhenFull::drop_oldest ? 32'767 : 65'535),
          options.when_full == WhenFull::drop_oldest),
      options_(options),
      system_(system),
      parent_(parent),
      id_(system.next_id()),
      name_(name) {
  if (options.placement.kind() != Placement::Kind::anywhere) {
    const LibraryCall call;
    if (!call.fenced()) scheduler().place(*this, options.placement);  // Else it is not launched either.
  }
  // A child holds its system by way of its root.
  if (parent_ != nullptr) {
    parent_->retain();
  } else {
    system_.retain();
  }
}

ActorCell::~ActorCell() {
  if (parent_ != nullptr) {
    parent_->release();
  } else {
    system_.release();
  }
}

void ActorCell::destroy() noexcept { delete this; }

std::string ActorCell::path() const {
  return (parent_ == nullptr ? std::string() : parent_->path()).append("/").append(name());
}

void ActorCell::ask_to_be_watched() noexcept {
  if (SupervisionHook* hook = system_.hook()) {
    hook->watch(*this);
  } else {
    liveness_.watched.store(true, std::memory_order_relaxed);  // Nobody looks: spares the next message this call.
  }
}

void ActorCell::run() noexcept {
  retire();
  switch (stage_) {
    case Stage::start:
      if (std::exchange(sleep_requested_, false) && fall_asleep()) return;  // It slept already.
      if (!begin_incarnation()) return;
      break;
    case Stage::live:
      if (kill_requested()) {
        end_incarnation(take_requested_ending());
        return;
      }
      if (receiver_ != nullptr && !finish_receive()) return;
      break;
    case Stage::ending:
      finish_incarnation();
      return;
  }
  if (!resume()) {
    // Suspended: this cell may be running elsewhere by now. Replies dropped by exceptions that were caught, unless who
    // has taken the cell from this thread has seen to them:
    ThreadState& thread = this_thread();
    if (thread.fence.load(std::memory_order_relaxed) == Fence::confirmed) [[unlikely]]
      return;
    if (thread.dropped_replies != nullptr) fail_dropped_replies(ErrorCode::reply_dropped);
    return;
  }
  Ending ending = ending_of_finished();
  settle_dropped_replies(ending);
  end_incarnation(std::move(ending));
}

bool ActorCell::begin_incarnation() noexcept {
  bool has_children = false;
  {
    const std::lock_guard lock(system_.lifecycle());
    restart_timer_.reset();
    has_children = !children_.empty();
    const bool over = sleeper_ && mailbox_.is_exhausted();
    if (!doomed_ && !over) {
      clear_kill();
      requested_ending_.reset();
      incarnation_.store(incarnation_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      alive_ = true;
    }
  }
  if (!alive_) {
    if (has_children) {  // Made before it began, as a pool makes its workers: they stop first.
      end_incarnation({Ending::Kind::stopped, ErrorCode::actor_stopped});
    } else {
      stop_for_good();
    }
    return false;
  }
  stage_ = Stage::live;
  sleep_requested_ = false;
  told_to_sleep_ = false;
  set_deadline(TimePoint::max());
  mark_busy();
  const bool woken = ending_.kind == Ending::Kind::returned;  // Nothing has failed.
  if (SupervisionHook* hook = system_.hook(); hook != nullptr && incarnation() > 1 && !woken) hook->on_restarted(*this);
  try {
    coroutine_ = make_incarnation();
  } catch (const std::exception& error) {
    end_incarnation({Ending::Kind::crashed, {ErrorCode::actor_crashed, error.what()}});
    return false;
  } catch (...) {
    end_incarnation({Ending::Kind::crashed, {ErrorCode::actor_crashed, "an exception that is no std::exception"}});
    return false;
  }
  set_resume_point(coroutine_.handle());
  return true;
}

bool ActorCell::finish_receive() noexcept {
  // The frame, like the cell, may long have left the cache.
  prefetch<3>(resume_point().address());
  const bool to_sleep = std::exchange(sleep_requested_, false);
  for (;;) {
    if (receiver_->complete()) {
      receiver_ = nullptr;
      return true;
    }
    if (to_sleep) {
      told_to_sleep_ = true;
      receiver_ = nullptr;
      return true;
    }
    // What woke it is not wanted any more: its asker has given up. It waits on, without having been resumed.
    mark_idle();
    if (!publish(resume_point(), receiver_->suspension())) {
      withdraw();
      end_incarnation(take_requested_ending());
      return false;
    }
    if (mailbox_.sleep()) {
      armed();
      return false;
    }
    withdraw();
  }
}

Ending ActorCell::take_requested_ending() noexcept {
  const std::lock_guard lock(system_.lifecycle());
  if (requested_ending_ == nullptr) return {};
  const std::unique_ptr<Ending> requested = std::move(requested_ending_);
  return std::move(*requested);
}

Ending ActorCell::ending_of_finished() noexcept {
  const std::exception_ptr& exception = coroutine_.handle().promise().exception();
  if (!exception) return {Ending::Kind::returned, ErrorCode::actor_stopped};
  std::string what;
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    what = fmt::format("{}: {}", boost::core::demangle(typeid(error).name()), error.what());
  } catch (...) {
    what = "an exception that is no std::exception";
  }
  return {Ending::Kind::crashed, {ErrorCode::actor_crashed, fmt::format("{} crashed: {}", path(), what)}};
}

void ActorCell::end_incarnation(Ending ending) noexcept {
  bool gracefully = ending.kind == Ending::Kind::returned;
  const Error reason = ending.error;
  ending_ = std::move(ending);
  ending_.busy_since_ns = liveness_.busy_since_ns.load(std::memory_order_relaxed);
  mark_idle();  // While it waits for its children, who are judged for themselves.
  stage_ = Stage::ending;
  std::vector<CellPointer> children;
  {
    const std::lock_guard lock(system_.lifecycle());
    alive_ = false;
    gracefully = gracefully && !doomed_;
    children_.for_each([&](ActorCell& child) { children.push_back(CellPointer::share(child)); });
    waits_for_children_ = !children.empty();
  }
  if (children.empty()) {
    finish_incarnation();
    return;
  }
  // From here on the last child to stop may already be running this cell: only the copies are touched.
  for (const CellPointer& child : children) {
    if (gracefully) {
      child->request_stop();
    } else {
      child->terminate(reason);
    }
  }
}

void ActorCell::finish_incarnation() noexcept {
  if (!scopes_ended()) return;  // The last of their tasks runs this again.
  if (taken_ != nullptr) release_taken();
  ThreadState& thread = this_thread();
  thread.teardown_error = &ending_.error;
  receiver_ = nullptr;
  mark_busy();  // So that it is noticed if its destructors do not come to an end.
  ReplySlot* const spared = reply_to_spare(ending_);
  thread.spared_reply = spared;
  coroutine_.reset();
  thread.teardown_error = nullptr;
  if (std::exchange(thread.spared_reply, nullptr) == nullptr && spared != nullptr) redelivery()->note_came_back();
  note_life_ended();
  mark_idle();
  const bool returned = ending_.kind == Ending::Kind::returned;
  const bool left_early = returned && options_.restart == Restart::permanent && !sleeper_ && !mailbox_.closed();
  bool may_restart = left_early || (!returned && ending_.kind != Ending::Kind::stopped);
  {
    const std::lock_guard lock(system_.lifecycle());
    may_restart = may_restart && !doomed_;
  }
  SupervisionHook* hook = system_.hook();
  if (may_restart && hook == nullptr && !returned) {
    log_error("{} incarnation {}: {} ({}); there is no supervisor, so it stops", path(), incarnation(),
              name_of(ending_.kind), ending_.error.message());
  }
  Verdict verdict;
  // Before the hook, which may start the next incarnation; if there is none, it ends as all that waits.
  if (may_restart && hook != nullptr) deliver_again();
  give_up_what_was_in_hand();
  if (may_restart && hook != nullptr) verdict = hook->on_failure(*this, ending_);
  if (verdict.held) return;  // It may be running already.
  if (!verdict.restart) {
    if (sleeper_ && returned && fall_asleep()) return;
    stop_for_good();
    return;
  }
  restart_after(verdict.delay);
}

void ActorCell::hold() noexcept {
  const std::lock_guard lock(system_.lifecycle());
  stage_ = Stage::start;
  held_ = true;
}

void ActorCell::release_held(Duration delay) noexcept {
  {
    const std::lock_guard lock(system_.lifecycle());
    if (!std::exchange(held_, false)) return;  // It was terminated, and runs to its end.
  }
  restart_after(delay);
}

void ActorCell::restart_after(Duration delay) noexcept {
  stage_ = Stage::start;
  if (delay <= Duration{0}) {
    scheduler().schedule_behind(*this);
    return;
  }
  const std::lock_guard lock(system_.lifecycle());
  if (doomed_) {
    schedule();
    return;
  }
  restart_timer_ = std::make_unique<RestartTimer>(*this);
  scheduler().start_timer(*restart_timer_, after(scheduler().clock().now(), delay));
}

void ActorCell::stop_for_good() noexcept {
  mailbox_.close();
  // Most actors leave nothing behind: the sentence is made for those that do.
  if (mailbox_.depth() != 0) bury_all(reason_of_stopping());
  forget_function_unless_in_use();
  if (home() != 0) scheduler().unplace(*this);
  if (SupervisionHook* hook = system_.hook()) hook->on_stopped(*this);
  system_.unlink(*this);
}

void ActorCell::bury_all(const Error& reason) noexcept {
  ThreadState& thread = this_thread();
  const Error* const outer = std::exchange(thread.teardown_error, &reason);
  const auto leave_waiting = [](MessageHead& /*waiting*/) {};
  const auto drop = [this](MessageHead& oldest) { drop_oldest(oldest); };
  while (MessageHead* node = mailbox_.pop<false>(leave_waiting, drop)) {
    bury(*node, DeadLetterCause::left_in_mailbox, reason);
  }
  thread.teardown_error = outer;
}

/// A thread that was left with an incarnation may still run the function.
void ActorCell::forget_function_unless_in_use() noexcept {
  // None is added any more: this incarnation is over, and is the last.
  if (left_behind_.load(std::memory_order_acquire) != 0) [[unlikely]] {
    const std::lock_guard lock(system_.lifecycle());
    forgotten_ = true;
    if (left_behind_.load(std::memory_order_relaxed) != 0) return;
  }
  forget_function();
}

Error ActorCell::reason_of_stopping() const {
  // A child that fails with its parent did not stop of itself: the parent comes back, and may be asked again.
  const bool with_parent = ending_.kind == Ending::Kind::stopped ||
                           (options_.restart == Restart::with_parent && ending_.kind != Ending::Kind::returned);
  return with_parent ? ending_.error : Error(ErrorCode::actor_stopped, fmt::format("{} has stopped", path()));
}

void ActorCell::drop_oldest(MessageHead& node) noexcept {
  const Error reason(ErrorCode::mailbox_full);
  ThreadState& thread = this_thread();
  const Error* const outer = std::exchange(thread.teardown_error, &reason);
  bury(node, DeadLetterCause::dropped_oldest, reason);
  thread.teardown_error = outer;
}

void ActorCell::trim_mailbox() noexcept {
  const CellPointer keeper = CellPointer::share(*this);
  MessageHead* dropped = mailbox_.trim();
  while (dropped != nullptr) {
    MessageHead* next = dropped->next;
    drop_oldest(*dropped);
    dropped = next;
  }
}

bool ActorCell::take_up(ReplySlot& slot) noexcept {
  if (slot.deadline() <= scheduler().clock().now()) return false;
  return slot.begin_work(liveness_.handled.load(std::memory_order_relaxed) + 1);
}

void empty_address_used() noexcept {
  log_error("an Address that points nowhere was used; assign it the result of spawn first");
  std::abort();
}

}  // namespace understudy::detail
