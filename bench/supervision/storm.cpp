#include "storm.hpp"

#include "understudy/understudy.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>

#include <sys/resource.h>

namespace bench {
namespace {

namespace us = understudy;

struct Note {};

us::Task<> dies_at_once(us::Mailbox<Note>& /*inbox*/) {
  throw std::runtime_error("at once");
  co_return;
}

us::Task<> parent(us::Mailbox<Note>& inbox) {
  const us::Address<Note> child = us::spawn_child("child", dies_at_once);
  while (auto note = co_await inbox.receive()) {
  }
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds_of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/// Waits for the incident that says the child was given up.
us::Task<std::uint64_t> escalated(const us::Supervisor& supervisor) {
  for (std::uint64_t number = 1;; ++number) {
    const us::Incident incident = co_await supervisor.incident(number);
    if (incident.outcome == us::IncidentOutcome::escalated) co_return number;
  }
}

}  // namespace

Storm run_storm() {
  us::System system({.workers = 2});
  const us::Supervisor supervisor(system);
  Storm storm;
  const double cpu_before = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  const us::Address<Note> root = system.spawn("parent", parent);
  const us::Result<std::uint64_t> number = us::wait(system, escalated(supervisor));
  storm.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  storm.cpu_percent = (cpu_seconds() - cpu_before) / storm.wall_s * 100;
  for (const us::Incident& incident : supervisor.incidents()) {
    if (number && incident.number > *number) continue;
    storm.failures += incident.kind == us::IncidentKind::crashed ? 1U : 0U;
    storm.escalations += incident.outcome == us::IncidentOutcome::escalated ? 1U : 0U;
  }
  root.stop();
  return storm;
}

}  // namespace bench
