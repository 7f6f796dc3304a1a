#include "server/accepting.hpp"

#include "understudy/base/logging.hpp"
#include "understudy/runtime/sleep.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

/// Whether one has been accepted and received. `tells`: what goes wrong is logged.
Task<bool> accept_one(Listener& listener, const std::function<void(std::unique_ptr<Connection>)>& receive, bool tells) {
  std::string problem;
  try {
    Task<Result<std::unique_ptr<Connection>>> accepting = listener.accept();
    Result<std::unique_ptr<Connection>> connection = co_await std::move(accepting);
    if (connection) {
      receive(std::move(*connection));
      co_return true;
    }
    problem = connection.error().message();
  } catch (const std::exception& error) {
    problem = fmt::format("a connection could not be received: {}", error.what());
  }
  if (tells) log_line(LogLevel::warning, fmt::format("{}; it is tried again", problem));
  co_return false;
}

}  // namespace

Task<> accept_all(std::unique_ptr<Listener> listener, std::function<void(std::unique_ptr<Connection>)> receive) {
  Duration pause{0};
  for (;;) {
    bool accepted = false;
    try {
      // One line for each run of failures; clients wait meanwhile.
      Task<bool> accepting = accept_one(*listener, receive, pause == Duration{0});
      accepted = co_await std::move(accepting);
    } catch (const std::exception&) {
      accepted = false;  // There is not even the memory to say so.
    }
    if (accepted) {
      pause = Duration{0};
      continue;
    }
    pause = std::clamp<Duration>(2 * pause, 10ms, 1s);
    co_await sleep(pause);
  }
}

}  // namespace understudy::server
