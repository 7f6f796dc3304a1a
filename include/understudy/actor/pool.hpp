// Pool: several workers made of one actor function, more of them under load, fewer when it is over.
//
//     us::Pool jobs(system, "jobs", worker, {.min = 2, .max = 16});
//     us::Result<Image> image = co_await jobs.ask<Scale>(picture).within(5s);
//
// The sender chooses the worker, the least loaded of those in use, and the message goes straight to its mailbox. When
// even that one has more than `grow_at` messages waiting and in hand, or is full, the pool takes one more into use, up
// to `max`; with all in use and full, a tell waits for room at the chosen one (or is refused, by its policy). The last
// worker in use goes to sleep once it has been idle for `idle_after` (looked at four times in that time), down to
// `min`: its receive() gives nothing, its function returns, and its frame is gone. Its mailbox stays: a message that
// was on its way wakes it. No message is lost, refused or moved by growing and shrinking.
//
// Order between two messages of one sender is not kept: they may go to different workers.
//
// Supervision. The workers are children, called 0, 1, …, of an actor called `name`: each restarts by itself after a
// failure, on its own mailbox. One that fails more often than the supervisor allows ends the pool: sends then fail with
// `actor_stopped` (a pool made inside an actor instead fails together with that actor). Workers stop, after what waits
// for them, with the last copy of the pool, with `stop`, or with the system.
//
// Cost of a send: a look at each worker in use, up to the first idle one; no lock. A worker asleep costs some hundred
// bytes. While more than `min` are in use a timer runs.
//
// Threads: any; copies are one pool.
#pragma once

#include "understudy/actor/detail/pool_core.hpp"
#include "understudy/actor/mailbox.hpp"
#include "understudy/actor/system.hpp"

namespace understudy {

template <Message M>
class Pool {
 public:
  /// A pool of `function(mailbox, args...)`, each life with copies of `args`.
  template <typename F, typename... Args>
    requires detail::FunctionLike<F> && detail::ActorFunction<F, std::decay_t<Args>...> &&
             std::same_as<detail::ActorMessage<F>, M>
  Pool(System& system, std::string_view name, F&& function, const PoolOptions& options = {}, Args&&... args)
      : Pool(system.core(), system, nullptr, name, options,
             life_of(std::forward<F>(function), std::forward<Args>(args)...)) {}
  /// The same inside an actor (checked), whose child the pool is.
  template <typename F, typename... Args>
    requires detail::FunctionLike<F> && detail::ActorFunction<F, std::decay_t<Args>...> &&
             std::same_as<detail::ActorMessage<F>, M>
  Pool(std::string_view name, F&& function, const PoolOptions& options = {}, Args&&... args)
      : Pool(detail::current_cell("Pool").system(), detail::current_cell("Pool").scheduler(),
             &detail::current_cell("Pool"), name, options,
             life_of(std::forward<F>(function), std::forward<Args>(args)...)) {}

  /// As Address::ask and tell; refer to the Pool, which must outlive the await.
  template <typename Request, typename... Args>
    requires Accepts<M, Request> && AskableWith<Request, std::decay_t<Args>...>
  [[nodiscard]] Ask<M, Request, std::decay_t<Args>...> ask(Args&&... args) const {
    return {shared_->core->choose(), std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)};
  }
  template <typename Value>
    requires Accepts<M, Value>
  [[nodiscard]] Tell<M> tell(Value&& value) const {
    return {shared_->core->choose(), std::in_place, [&]() -> M { return M(std::forward<Value>(value)); }};
  }
  template <typename Value, typename... Args>
    requires Accepts<M, Value> && requires(Args&&... args) { Value{std::forward<Args>(args)...}; }
  [[nodiscard]] Tell<M> tell(Args&&... args) const {
    return {shared_->core->choose(), std::in_place, [&]() -> M { return M(Value{std::forward<Args>(args)...}); }};
  }
  /// As Address::try_tell. Any thread.
  template <typename Value>
    requires Accepts<M, Value>
  [[nodiscard]] Result<void> try_tell(Value&& value) const {
    return Address<M>(detail::CellPointer::share(shared_->core->choose())).try_tell(std::forward<Value>(value));
  }

  /// Asks the workers to stop: they take no more messages, handle those that wait, and end. Returns at once.
  void stop() const noexcept { shared_->keeper.stop(); }
  /// True once all have stopped for good.
  [[nodiscard]] bool stopped() const noexcept { return shared_->keeper.stopped(); }
  [[nodiscard]] PoolStatistics statistics() const { return shared_->core->statistics(); }
  [[nodiscard]] const std::string& name() const noexcept { return shared_->keeper.name(); }

 private:
  struct Nudge {};  // What the workers' parent could be sent, and is not.
  struct Shared {
    Shared(std::shared_ptr<detail::PoolCore> pool, Address<Nudge> parent)
        : core(std::move(pool)), keeper(std::move(parent)) {}
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() {
      core->sweeper().close();
      keeper.stop();
    }
    std::shared_ptr<detail::PoolCore> core;
    Address<Nudge> keeper;
  };
  static Task<> keep(Mailbox<Nudge>& inbox) {
    while (auto nudge = co_await inbox.receive()) {
    }
  }
  template <typename F, typename... Args>
  static auto life_of(F&& function, Args&&... args) {
    return [function = std::decay_t<F>(std::forward<F>(function)),
            args = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)](Mailbox<M>& inbox) mutable {
      return std::apply(
          [&](const auto&... arg) {
            return detail::live_once<M, std::decay_t<F>, std::decay_t<Args>...>(inbox, function, arg...);
          },
          args);
    };
  }
  template <typename Life>
  static Task<> live(Mailbox<M>& inbox, std::shared_ptr<detail::PoolCore> core, Life& life) {
    const detail::PoolCore::Life awake(*core);
    Task<> once = life(inbox);
    co_await std::move(once);
  }
  template <typename Life>
  Pool(detail::SystemCore& system, detail::Scheduler& scheduler, detail::ActorCell* parent, std::string_view name,
       const PoolOptions& options, const Life& life) {
    auto core = std::make_shared<detail::PoolCore>(scheduler, options);
    const Address<Nudge> keeper = detail::spawn_in(
        system, parent, name, &Pool::keep, {.restart = parent != nullptr ? Restart::with_parent : Restart::temporary});
    std::vector<detail::CellPointer> workers;
    for (std::uint32_t i = 0; i < core->options().max; ++i) {
      const Address<M> worker = detail::spawn_sleeper<M>(
          system, &detail::CellAccess::cell(keeper), std::to_string(i),
          [core, life = Life(life)](Mailbox<M>& inbox) mutable { return live(inbox, core, life); }, options.worker);
      workers.push_back(detail::CellAccess::share(worker));
    }
    core->set_workers(std::move(workers));
    shared_ = std::make_shared<Shared>(std::move(core), keeper);
  }

  std::shared_ptr<Shared> shared_;
};

template <detail::FunctionLike F, typename... Args>
Pool(System&, std::string_view, F&&, const PoolOptions& = {}, Args&&...) -> Pool<detail::ActorMessage<F>>;
template <detail::FunctionLike F, typename... Args>
Pool(std::string_view, F&&, const PoolOptions& = {}, Args&&...) -> Pool<detail::ActorMessage<F>>;

}  // namespace understudy
