// Attacks: a program's on_incident that throws, that never comes back, and that is slower than incidents come.
#include "support/runtimes.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using testing::ElementsAre;

struct Do {
  bool crash;
  Reply<std::uint32_t> reply;
};

Task<> actor(Mailbox<Do>& inbox) {
  while (auto job = co_await inbox.receive()) {
    if (job->crash) throw std::runtime_error("on purpose");
    job->reply(this_actor().incarnation);
  }
}

SupervisionOptions patient() {
  return {.intensity = {.restarts = 1000}, .backoff = {.first = Duration{0}, .next = Duration{0}}};
}

struct Told {
  std::mutex mutex;
  std::vector<std::uint64_t> numbers;
};

TEST(OnIncident, ThatThrowsIsCalledAgain) {
  on_every_runtime([](System& system) {
    const auto told = std::make_shared<Told>();
    SupervisionOptions options = patient();
    options.on_incident = [told](const Incident& incident) {
      const std::lock_guard lock(told->mutex);
      told->numbers.push_back(incident.number);
      throw std::runtime_error("not now");
    };
    const Supervisor supervisor(system, options);
    const auto patient_one = system.spawn("actor", actor);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(wait(system, patient_one.ask<Do>(true)));
    EXPECT_EQ(wait(system, patient_one.ask<Do>(false)).value_or(0), 4U);
    ASSERT_TRUE(eventually(system, [&] {
      const std::lock_guard lock(told->mutex);
      return told->numbers.size() == 3;
    }));
    EXPECT_THAT(told->numbers, ElementsAre(1, 2, 3));
  });
}

TEST(OnIncident, ThatDoesNotComeBackHoldsUpNobody) {
  on_real_threads([](System& system) {
    std::promise<void> release;
    std::shared_future<void> released = release.get_future().share();
    std::atomic<int> calls = 0;
    SupervisionOptions options = patient();
    options.on_incident = [&, released](const Incident&) {
      if (++calls == 1) released.wait();
    };
    const Supervisor supervisor(system, options);
    const auto failing = system.spawn("actor", actor);
    EXPECT_FALSE(wait(system, failing.ask<Do>(true)));
    ASSERT_TRUE(eventually(system, [&] { return calls.load() == 1; })) << "it is held from here on";
    for (int i = 1; i < 100; ++i) EXPECT_FALSE(wait(system, failing.ask<Do>(true)));
    EXPECT_EQ(wait(system, failing.ask<Do>(false)).value_or(0), 101U);
    EXPECT_EQ(supervisor.incident_count(), 100U);
    EXPECT_EQ(calls.load(), 1);
    release.set_value();
    EXPECT_TRUE(eventually(system, [&] { return calls.load() >= 65; })) << "the latest 64 have been kept for it";
    EXPECT_LE(calls.load(), 66);
  });
}

}  // namespace
}  // namespace understudy::test
