// One request to several actors at once: the first success decides, and ends the other asks.
#pragma once

#include "understudy/actor/detail/routes.hpp"
#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"
#include "understudy/runtime/task_group.hpp"

#include <memory>
#include <tuple>

namespace understudy::detail {

template <typename T>
class AnswerRace {
 public:
  AnswerRace(std::size_t runners, std::string router) : left_(runners), failures_(std::move(router)) {}

  void note(const ActorCell& target, Result<T> result) {
    {
      const SpinGuard guard(lock_);
      --left_;
      if (outcome_) return;
      if (!result) failures_ += "; " + target.path() + ": " + std::string(result.error().message());
      if (!result && left_ > 0) return;
      if (result) {
        outcome_ = std::move(result);
      } else {
        outcome_ = std::unexpected(Error(result.error().code(), "no target of router " + failures_));
      }
    }
    decided_.set();
  }
  [[nodiscard]] Event& decided() noexcept { return decided_; }
  /// After it is decided.
  [[nodiscard]] Result<T> take() {
    const SpinGuard guard(lock_);
    return std::move(*outcome_);
  }

 private:
  SpinLock lock_;
  std::size_t left_;
  std::string failures_;
  std::optional<Result<T>> outcome_;
  Event decided_;
};

/// One of the asks. Whatever becomes of it, the race learns of it.
template <typename T>
class Runner {
 public:
  Runner(std::shared_ptr<AnswerRace<T>> race, const ActorCell& target) noexcept
      : race_(std::move(race)), target_(target) {}
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  ~Runner() {
    if (race_) race_->note(target_, std::unexpected(Error(ErrorCode::cancelled)));
  }
  void finish(Result<T> result) { std::exchange(race_, nullptr)->note(target_, std::move(result)); }

 private:
  std::shared_ptr<AnswerRace<T>> race_;
  const ActorCell& target_;
};

template <typename M, typename Request, typename... Args>
Task<> run_race(std::shared_ptr<AnswerRace<ReplyType<Request>>> race, CellPointer target, std::tuple<Args...> args,
                std::optional<Duration> limit) {
  Runner<ReplyType<Request>> runner(std::move(race), *target);
  Ask<M, Request, Args...> ask(*target, std::move(args));
  if (limit) {
    auto timed = std::move(ask).within(*limit);
    Result<ReplyType<Request>> result = co_await std::move(timed);
    runner.finish(std::move(result));
  } else {
    Result<ReplyType<Request>> result = co_await std::move(ask);
    runner.finish(std::move(result));
  }
}

/// Asks every open target. In a coroutine.
template <typename M, typename Request, typename... Args>
Task<Result<ReplyType<Request>>> first_answer(std::shared_ptr<Routes> routes, std::tuple<Args...> args,
                                              std::optional<Duration> limit) {
  std::vector<CellPointer> targets;
  for (std::uint32_t i = 0, all = routes->table.size(); i < all; ++i) {
    if (routes->table.at(i).is_open()) targets.push_back(CellPointer::share(routes->table.at(i).cell()));
  }
  if (targets.empty()) co_return std::unexpected(routes->none_left());
  const auto race =
      std::make_shared<AnswerRace<ReplyType<Request>>>(targets.size(), "\"" + routes->name + "\" succeeded");
  TaskGroup group(this_thread().current->scheduler());  // Destroyed at the end: the other asks end with it.
  for (const CellPointer& target : targets) {
    group.spawn(run_race<M, Request, Args...>(race, target, args, limit));
  }
  Event& decided = race->decided();
  co_await decided;
  co_return race->take();
}

/// A race as a message: what the actor form of FirstAnswer is sent.
class RaceWork {
 public:
  RaceWork() = default;
  RaceWork(const RaceWork&) = delete;
  RaceWork& operator=(const RaceWork&) = delete;
  virtual ~RaceWork() = default;
  /// The task of `work`, which it owns.
  [[nodiscard]] virtual Task<> start(std::unique_ptr<RaceWork> work, std::shared_ptr<Routes> routes) = 0;
};

template <typename M, typename Request, typename... Args>
class RaceWorkOf final : public RaceWork {
  using T = ReplyType<Request>;

 public:
  RaceWorkOf(std::tuple<Args...>&& args, std::optional<Duration> limit) : args_(std::move(args)), limit_(limit) {}
  void set_reply(Reply<T>&& reply) noexcept { reply_ = std::move(reply); }
  [[nodiscard]] Task<> start(std::unique_ptr<RaceWork> work, std::shared_ptr<Routes> routes) override {
    return run(std::unique_ptr<RaceWorkOf>(static_cast<RaceWorkOf*>(work.release())), std::move(routes));
  }

 private:
  static Task<> run(std::unique_ptr<RaceWorkOf> work, std::shared_ptr<Routes> routes) {
    if (work->reply_.is_given_up()) co_return;
    Result<T> result = co_await first_answer<M, Request, Args...>(routes, std::move(work->args_), work->limit_);
    work->reply_.complete(std::move(result));
  }

  std::tuple<Args...> args_;
  std::optional<Duration> limit_;
  Reply<T> reply_;
};

struct RaceMessage {
  std::unique_ptr<RaceWork> work;
};
template <typename Work, typename T>
struct RaceRequest {
  std::unique_ptr<Work> work;
  Reply<T> reply;
  // NOLINTNEXTLINE(google-explicit-constructor): a request becomes its message
  explicit(false) operator RaceMessage() && {
    work->set_reply(std::move(reply));
    return {std::move(work)};
  }
};

/// Runs races beside one another, as many as its mailbox holds messages; one more is waited for.
inline Task<> race_actor(Mailbox<RaceMessage>& inbox, std::shared_ptr<Routes> routes) {
  TaskGroup races(this_thread().current->scheduler());
  while (auto message = co_await inbox.receive()) {
    RaceWork& work = *message->work;
    Task<> race = work.start(std::move(message->work), routes);
    if (races.size() < inbox.capacity()) {
      races.spawn(std::move(race));
    } else {
      co_await std::move(race);
    }
  }
  co_await races.join();
}

/// Awaits a task that it owns.
template <typename T>
class OwningAwaiter {
 public:
  explicit OwningAwaiter(Task<T>&& task) noexcept
      : task_(std::move(task)), awaiter_(std::move(task_).operator co_await()) {}
  OwningAwaiter(const OwningAwaiter&) = delete;
  OwningAwaiter& operator=(const OwningAwaiter&) = delete;
  ~OwningAwaiter() = default;
  [[nodiscard]] bool await_ready() const noexcept { return awaiter_.await_ready(); }
  auto await_suspend(std::coroutine_handle<> awaiting) const noexcept { return awaiter_.await_suspend(awaiting); }
  T await_resume() const { return awaiter_.await_resume(); }

 private:
  Task<T> task_;
  decltype(std::declval<Task<T>>().operator co_await()) awaiter_;
};

}  // namespace understudy::detail
