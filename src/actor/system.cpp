#include "understudy/actor/system.hpp"

#include "actor/system_core.hpp"
#include "base/log.hpp"
#include "runtime/threaded_scheduler.hpp"
#include "understudy/runtime/wait.hpp"

#include <cstdlib>
#include <stdexcept>

namespace understudy {

namespace detail {

void uninstall(const System& system) noexcept;

void note_dead_letter(const ActorCell& cell, const std::type_info& message, DeadLetterCause cause, const Error& reason,
                      const LetterSender& sender) noexcept {
  cell.system().dead_letters().note(cell, message, cause, reason, sender);
}

void EndSystem::operator()(SystemCore* core) const noexcept {
  core->end();
  core->release();
}

void launch(SystemCore& system, ActorCell& cell) { system.launch(cell); }

Result<void> add_name(SystemCore& system, std::string_view name, std::uint64_t hash, const std::type_info& message,
                      CellPointer cell) {
  const LibraryCall call;
  if (call.fenced()) {
    count_refused();
    return failure(ErrorCode::cancelled, "this incarnation has been replaced: it registers no names any more");
  }
  if (&cell->system() != &system) {
    return failure(ErrorCode::invalid_argument, "an actor is registered in its own system");
  }
  return system.names().add(name, hash, message, std::move(cell));
}

Result<CellPointer> find_name(SystemCore& system, std::string_view name, std::uint64_t hash,
                              const std::type_info& message) {
  return system.names().find(name, hash, message);
}

ActorCell& current_cell(const char* caller) noexcept {
  const ThreadState& thread = this_thread();
  ActorCell* cell = thread.current != nullptr ? thread.current->cell() : nullptr;
  if (cell == nullptr) {
    log_error("{} was called outside an actor; only the coroutine of an actor may call it", caller);
    std::abort();
  }
  return *cell;
}

void returned_without_receiving(const ActorCell& cell) {
  throw std::logic_error(cell.path() + " returned without receiving what waits for it");
}

}  // namespace detail

ActorInfo this_actor() {
  const detail::ActorCell& cell = detail::current_cell("this_actor");
  return {.path = cell.path(), .incarnation = cell.incarnation()};
}

void beat() {
  const detail::LibraryCall call;
  if (!call.fenced()) detail::current_cell("beat").mark_busy();
}

System::System(const RuntimeOptions& options)
    : core_(new detail::SystemCore(std::make_shared<detail::ThreadedScheduler>(options))) {}

System::System(std::shared_ptr<detail::Scheduler> scheduler) : core_(new detail::SystemCore(std::move(scheduler))) {}

System::~System() {
  shutdown();
  detail::uninstall(*this);
}

void System::start(Task<> task) { core_->tasks().spawn_regardless(std::move(task)); }

void System::shutdown(Duration limit) {
  detail::check_may_block(core_->scheduler(), "System::shutdown");
  core_->shutdown(limit);
}

Snapshot System::snapshot() const { return core_->snapshot(); }
void System::request_shutdown(Error reason) { core_->request_shutdown(std::move(reason)); }
std::optional<Error> System::shutdown_requested() const { return core_->shutdown_requests().reason(); }
Task<Error> System::wait_for_shutdown_request() {
  detail::ShutdownRequest::Wait wait(core_->shutdown_requests());
  detail::Event& requested = wait.requested();
  co_await requested;
  co_return *core_->shutdown_requests().reason();
}

System::Abandoned System::abandoned() const noexcept {
  const detail::AbandonedCounts& counts = *core_->scheduler().abandoned();
  return {.threads_now = counts.threads_now.load(std::memory_order_relaxed),
          .threads_ever = counts.threads_ever.load(std::memory_order_relaxed),
          .refused = counts.refused.load(std::memory_order_relaxed)};
}

DeadLetters System::dead_letters() const { return core_->dead_letters().read(); }
void System::keep_dead_letters(std::size_t count) { core_->dead_letters().keep(count); }
void System::on_dead_letter(DeadLetterSubscriber subscriber) { core_->dead_letters().subscribe(std::move(subscriber)); }
const Clock& System::clock() const noexcept { return core_->scheduler().clock(); }
Network& System::network() noexcept { return core_->scheduler().network(); }
std::uint64_t System::random_number() noexcept { return core_->scheduler().random_number(); }
std::uint32_t System::worker_count() const noexcept { return core_->scheduler().worker_count(); }
System::operator detail::Scheduler&() noexcept { return core_->scheduler(); }

}  // namespace understudy
