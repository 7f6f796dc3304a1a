// Attacks: a supervisor comes after its actors and goes before them, at any moment; a process that was stopped and
// continued finds its actors healthy.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;

Task<> moody(Mailbox<int>& inbox) {
  while (auto mood = co_await inbox.receive()) {
    if (*mood % 5 == 0) throw std::runtime_error("bad mood");
    if (*mood % 7 == 0) co_await sleep(milliseconds(50));
  }
}

TEST(SupervisorLife, BeginsWithActorsThatAreThere) {
  on_every_runtime(
      [](System& system) {
        const auto stuck = system.spawn("stuck", [](Mailbox<int>& inbox) -> Task<> {
          if (this_actor().incarnation == 1) co_await sleep(std::chrono::hours(1));
          while (const auto message = co_await inbox.receive()) {
          }
        });
        pass_time(system, milliseconds(1));
        const Supervisor supervisor(system, {.heartbeat = milliseconds(20), .cutoff = milliseconds(50)});
        EXPECT_TRUE(eventually(system, [&] { return stuck.incarnation() == 2; }));
      },
      10);
}

TEST(SupervisorLife, MayEndAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        std::vector<Address<int>> actors;
        for (int i = 0; i < 5; ++i) actors.push_back(system.spawn("moody", moody));
        TaskGroup tellers(system);
        {
          // What on_incident refers to ends with the supervisor.
          const auto count = std::make_unique<std::atomic<int>>(0);
          const Supervisor supervisor(system, {.heartbeat = milliseconds(20),
                                               .cutoff = milliseconds(20),
                                               .intensity = {.restarts = 1'000'000},
                                               .backoff = {.next = Duration{0}},
                                               .on_incident = [&seen = *count](const Incident&) { ++seen; }});
          // Not before there is a supervisor: without one the first failure is the last.
          for (const auto& actor : actors) {
            tellers.spawn([](Address<int> to) -> Task<> {
              for (int i = 1;; ++i) {
                const Result<void> told = co_await to.tell(int(i));
                if (!told) co_return;
                co_await yield();
              }
            }(actor));
          }
          ASSERT_TRUE(eventually(system, [&] { return count->load() > 10; }));
        }
        ASSERT_TRUE(eventually(system, [&] {
          return std::ranges::all_of(actors, [](const auto& actor) { return actor.stopped(); });
        })) << "without a supervisor what fails stops";
        ASSERT_TRUE(wait(system, tellers.join()));
      },
      10);
}

TEST(SupervisorLifeDeathTest, OneSystemHasOne) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        set_log_level(LogLevel::error);
        System system({.workers = 1});
        const Supervisor first(system);
        const Supervisor second(system);
      },
      "has a supervisor already");
}

/// Run by the next test in a process of its own: an actor works in slices shorter than its cutoff, while that process
/// is stopped and continued. Says on standard output when it has begun.
TEST(SupervisorLife, DISABLED_WorksInSlices) {
  System system({.workers = 2});
  const Supervisor supervisor(system, {.heartbeat = milliseconds(50), .cutoff = milliseconds(100)});
  const auto sleeper = system.spawn("sleeper", [](Mailbox<int>& inbox) -> Task<> {
    while (const auto message = co_await inbox.receive()) {
      for (int i = 0; i < 30; ++i) {
        co_await sleep(milliseconds(20));
        beat();
      }
    }
  });
  ASSERT_TRUE(sleeper.try_tell(1));
  pass_time(system, milliseconds(50));
  std::puts("working");
  std::fflush(stdout);
  pass_time(system, milliseconds(400));
  EXPECT_EQ(supervisor.incident_count(), 0U);
  EXPECT_EQ(sleeper.incarnation(), 1U);
}

/// Starts this program anew, with its standard output going to `output`.
pid_t start_slices(int output) {
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  std::string program = "/proc/self/exe";
  std::string filter = "--gtest_filter=SupervisorLife.DISABLED_WorksInSlices";
  std::string disabled = "--gtest_also_run_disabled_tests";
  std::array<char*, 4> arguments{program.data(), filter.data(), disabled.data(), nullptr};
  pid_t child = -1;
  if (posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ) != 0) child = -1;
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

TEST(SupervisorLife, AProcessThatWasStoppedFindsItsActorsHealthy) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  const pid_t child = start_slices(pipe_ends[1]);
  close(pipe_ends[1]);
  ASSERT_GT(child, 0);
  std::string said;
  std::array<char, 256> buffer{};
  while (said.find("working") == std::string::npos) {
    const ssize_t count = read(pipe_ends[0], buffer.data(), buffer.size());
    ASSERT_GT(count, 0) << said;
    said.append(buffer.data(), static_cast<std::size_t>(count));
  }
  System clock({.workers = 1});
  for (int i = 0; i < 3; ++i) {
    kill(child, SIGSTOP);
    pass_time(clock, milliseconds(250));  // Longer than the cutoff.
    kill(child, SIGCONT);
    pass_time(clock, milliseconds(30));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "an incident was noted";
  close(pipe_ends[0]);
}

}  // namespace
}  // namespace understudy::test
