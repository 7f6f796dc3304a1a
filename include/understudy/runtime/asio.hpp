// The bridge for code that runs in somebody else's Asio loop.
//
//     asio::awaitable<void> handle_request(us::System& system, us::Address<Add> counter) {
//       us::Result<std::int64_t> total = co_await us::async_run(system, counter.ask<Add>(5), asio::use_awaitable);
//     }
//
// The awaitable runs on the system's workers; the completion handler runs where Asio's rules say: on its associated
// executor, never inside the initiating call.
//
// And the other way round: a system without worker threads, whose actors, timers and sockets run in an application's
// loop.
//
//     asio::io_context loop;
//     us::System system(us::embedded_in(loop));
//     auto counter = system.spawn("counter", counter_actor);
//     loop.run();
//
// This header is the only public one that includes Boost.Asio.
#pragma once

#include "understudy/runtime/options.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>

namespace understudy {
namespace detail {

/// Gives the result to the handler, on the handler's executor, once: also when its task is destroyed unfinished.
template <typename R, typename Handler>
class AsioCompletion {
 public:
  using Executor = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;

  AsioCompletion(Handler handler, const boost::asio::any_io_executor& fallback)
      : work_(boost::asio::make_work_guard(boost::asio::get_associated_executor(handler, fallback))),
        handler_(std::move(handler)) {}
  AsioCompletion(AsioCompletion&& other) noexcept
      : work_(std::move(other.work_)), handler_(std::exchange(other.handler_, std::nullopt)) {}
  AsioCompletion& operator=(AsioCompletion&&) = delete;
  AsioCompletion(const AsioCompletion&) = delete;
  AsioCompletion& operator=(const AsioCompletion&) = delete;
  ~AsioCompletion() {
    if (handler_) complete(failure(ErrorCode::cancelled));
  }

  void complete(R result) {
    auto executor = work_.get_executor();
    boost::asio::post(executor, [handler = std::move(*handler_), result = std::move(result)]() mutable {
      std::move(handler)(std::move(result));
    });
    handler_.reset();
  }

 private:
  boost::asio::executor_work_guard<Executor> work_;
  std::optional<Handler> handler_;
};

template <typename R, typename Handler, typename Awaitable>
Task<> run_for_asio(AsioCompletion<R, Handler> completion, Awaitable awaitable) {
  if constexpr (std::is_void_v<Awaited<Awaitable>>) {
    co_await std::move(awaitable);
    completion.complete(R{});
  } else {
    completion.complete(R(co_await std::move(awaitable)));
  }
}

}  // namespace detail

/// Runs `awaitable` (an ask, a tell, a Task) in `scheduler` (a System converts to it) and completes `token` with
/// Result<T>; with `cancelled` if the system shuts down first, or if an exception leaves the task (it is logged).
/// Threads: any. The system must outlive the operation.
template <typename Awaitable, typename Token>
auto async_run(detail::Scheduler& scheduler, Awaitable awaitable, Token&& token) {
  using R = typename detail::FlatResult<detail::Awaited<Awaitable>>::type;
  return boost::asio::async_initiate<Token, void(R)>(
      [&scheduler](auto handler, Awaitable started) {
        using Handler = decltype(handler);
        scheduler.detached_tasks().spawn_regardless(detail::run_for_asio<R, Handler, Awaitable>(
            detail::AsioCompletion<R, Handler>(std::move(handler), boost::asio::system_executor()),
            std::move(started)));
      },
      token, std::move(awaitable));
}

/// What a System is made from to live in `context`: actors and tasks run as its handlers, one at a time, in slices
/// between the application's own; timers and sockets are the loop's as well. Only blocking calls have threads. The
/// loop's `run` does not return for lack of work until the system has been shut down; a loop that was stopped is run by
/// the shutdown itself, and by `wait`, on the calling thread. The system must end before the loop. There is one worker,
/// so `Placement` says nothing; and an actor that holds its thread holds the loop.
[[nodiscard]] std::unique_ptr<detail::Scheduler> embedded_in(boost::asio::io_context& context,
                                                             const RuntimeOptions& options = {});

}  // namespace understudy
