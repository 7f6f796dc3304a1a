#include "tool/service_manager.hpp"

#include "understudy/actor/watch.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/wait.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <unistd.h>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace understudy::tool {
namespace {

void notify(const std::string& state) {
  const int sent = sd_notify(0, state.c_str());
  if (sent < 0)
    log_line(LogLevel::warning, fmt::format("cannot reach the service manager (NOTIFY_SOCKET): error {}", -sent));
}

/// A status is one line.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

}  // namespace

ServiceManager::ServiceManager(System& system, const Supervisor& supervisor) : system_(system) {
  std::uint64_t patience_us = 0;
  const int wanted = sd_watchdog_enabled(0, &patience_us);
  if (wanted < 0) log_line(LogLevel::warning, "WATCHDOG_USEC or WATCHDOG_PID is no number: there is no watchdog");
  if (wanted <= 0) return;
  // Half of its patience, as sd_watchdog_enabled(3) recommends.
  const Duration interval = std::chrono::microseconds(std::max<std::uint64_t>(patience_us / 2, 1));
  watchdog_ = system.spawn("watchdog", &ServiceManager::feed, {}, interval, &supervisor);
}

ServiceManager::~ServiceManager() {
  if (!watchdog_) return;
  watchdog_.stop();
  static_cast<void>(wait(system_, ended(watchdog_)));
}

void ServiceManager::say_ready(std::string_view status) {
  notify(fmt::format("READY=1\nSTATUS={}\nMAINPID={}", one_line(status), ::getpid()));
}

void ServiceManager::say_stopping(std::string_view reason) {
  notify(fmt::format("STOPPING=1\nSTATUS={}", one_line(reason)));
}

/// An actor: that it runs shows that timers fire and that a worker is free; the rest the supervisor knows.
Task<> ServiceManager::feed(Mailbox<Nothing>& inbox, Duration interval, const Supervisor* supervisor) {
  bool silent = false;
  for (;;) {
    const Duration late = supervisor->lateness();
    if (late <= interval) {
      notify("WATCHDOG=1");
    } else if (!silent) {
      log_line(LogLevel::error, fmt::format("supervision is {} ms late: the watchdog is not fed",
                                            std::chrono::duration_cast<std::chrono::milliseconds>(late).count()));
    }
    silent = late > interval;
    const Result<Nothing> told = co_await inbox.receive().within(interval);
    if (!told && told.error() == ErrorCode::actor_stopped) co_return;
  }
}

}  // namespace understudy::tool
