// Accepting goes on, whatever fails: in a simulation, with a listener that fails on purpose.
#include "server/accepting.hpp"

#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_system.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

enum class Step : std::uint8_t { accept, fail, throw_error };

class ListenerWithTroubles final : public Listener {
 public:
  ListenerWithTroubles(std::deque<Step> steps, int& calls) : steps_(std::move(steps)), calls_(calls) {}

  Task<Result<std::unique_ptr<Connection>>> accept() override {
    ++calls_;
    if (steps_.empty()) co_await sleep(24h);
    const Step step = steps_.front();
    steps_.pop_front();
    if (step == Step::throw_error) throw std::bad_alloc();
    if (step == Step::fail) co_return failure(ErrorCode::storage_failed, "no handle is left");
    co_return std::unique_ptr<Connection>();
  }
  [[nodiscard]] std::uint16_t port() const override { return 0; }

 private:
  std::deque<Step> steps_;
  int& calls_;
};

class AcceptingTest : public testing::Test {
 protected:
  void run(std::deque<Step> steps, Duration how_long) {
    System& system = simulation_.system();
    TaskGroup group(system);
    group.spawn(accept_all(std::make_unique<ListenerWithTroubles>(std::move(steps), calls_),
                           [this](const std::unique_ptr<Connection>& /*connection*/) {
                             if (throwing_-- > 0)
                               throw std::system_error(std::make_error_code(std::errc::no_such_process));
                             ++received_;
                           }));
    (void)wait(system, sleep(how_long));
    group.cancel();
    (void)wait(system, group.join());
  }

  SimulatedSystem simulation_{1};
  int calls_ = 0;
  int received_ = 0;
  int throwing_ = 0;
};

TEST_F(AcceptingTest, AnExceptionIsSurvived) {
  run({Step::throw_error, Step::accept, Step::throw_error, Step::fail, Step::accept}, 10s);
  EXPECT_EQ(received_, 2);
}

TEST_F(AcceptingTest, AConnectionThatCannotBeReceivedIsNotTheLast) {
  throwing_ = 1;
  run({Step::accept, Step::accept}, 10s);
  EXPECT_EQ(received_, 1);
}

TEST_F(AcceptingTest, ItIsTriedAgainAfterAPauseThatGrows) {
  run(std::deque<Step>(1'000, Step::throw_error), 10s);
  EXPECT_GE(calls_, 10);
  EXPECT_LE(calls_, 20);
}

}  // namespace
}  // namespace understudy::server
