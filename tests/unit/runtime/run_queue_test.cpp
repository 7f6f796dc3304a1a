// Attacks: a run queue gives out each context once and in order, whatever thieves take meanwhile, and says truly when
// it was empty.
#include "runtime/run_queue.hpp"

#include "support/runtimes.hpp"
#include "understudy/base/random.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/task.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

class Numbered final : public Context {
 public:
  Numbered(Scheduler& scheduler, std::size_t number) : Context(scheduler), number_(number) {
    set_resume_point(std::noop_coroutine());
  }
  void run() noexcept override { ++runs_; }
  [[nodiscard]] std::size_t number() const noexcept { return number_; }
  [[nodiscard]] int runs() const noexcept { return runs_; }

 private:
  std::size_t number_;
  int runs_ = 0;
};

std::vector<std::unique_ptr<Numbered>> make_contexts(Scheduler& scheduler, std::size_t count) {
  std::vector<std::unique_ptr<Numbered>> contexts;
  for (std::size_t i = 0; i < count; ++i) contexts.push_back(std::make_unique<Numbered>(scheduler, i));
  return contexts;
}

std::size_t number_of(const Context& context) { return static_cast<const Numbered&>(context).number(); }

TEST(RunQueue, IsFirstInFirstOut) {
  test::for_each_seed(1, [](SimulatedSystem& simulation) {
    const auto contexts = make_contexts(simulation.system(), 1000);
    RunQueue queue;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.pop(), nullptr);
    for (const auto& context : contexts) EXPECT_EQ(queue.push(*context), context->number() == 0);
    for (const auto& context : contexts) EXPECT_EQ(queue.pop(), context.get());
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.pop(), nullptr);
    EXPECT_TRUE(queue.push(*contexts[0]));
  });
}

// Three queues and what must be in them, by the rule: a thief takes from the front, one to run, the rest in order to
// its own end, and never more than four chains.
TEST(RunQueue, FollowsItsModel) {
  test::for_each_seed(300, [](SimulatedSystem& simulation) {
    SeededRandom random(simulation.seed());
    auto contexts = make_contexts(simulation.system(), 700);
    std::vector<Context*> outside;
    for (const auto& context : contexts) outside.push_back(context.get());
    std::array<RunQueue, 3> queues;
    std::array<std::deque<Context*>, 3> models;
    for (int step = 0; step < 3000; ++step) {
      const std::size_t at = random.below(3);
      const std::size_t other = (at + 1 + random.below(2)) % 3;
      if (random.chance(60) && !outside.empty()) {
        for (std::size_t i = random.below(40); i > 0 && !outside.empty(); --i) {
          EXPECT_EQ(queues[at].push(*outside.back()), models[at].empty());
          models[at].push_back(outside.back());
          outside.pop_back();
        }
      } else if (random.chance(50)) {
        for (std::size_t i = random.below(60); i > 0 && !models[at].empty(); --i) {
          ASSERT_EQ(queues[at].pop(), models[at].front());
          outside.push_back(models[at].front());
          models[at].pop_front();
        }
      } else {
        const std::size_t before = models[at].size();
        Context* first = queues[at].steal_into(queues[other]);
        ASSERT_EQ(first == nullptr, before == 0);
        if (first == nullptr) continue;
        ASSERT_EQ(first, models[at].front());
        models[at].pop_front();
        outside.push_back(first);
        // What is left must be the end of what was there; what went is what comes next in the thief's queue.
        std::vector<Context*> left;
        while (Context* context = queues[at].pop()) left.push_back(context);
        const std::size_t moved = models[at].size() - left.size();
        models[other].insert(models[other].end(), models[at].begin(),
                             models[at].begin() + static_cast<std::ptrdiff_t>(moved));
        models[at].erase(models[at].begin(), models[at].begin() + static_cast<std::ptrdiff_t>(moved));
        ASSERT_TRUE(std::ranges::equal(models[at], left));
        for (Context* context : left) queues[at].push(*context);
        EXPECT_LE(moved + 1, RunQueue::stolen_chains_max * RunQueue::chain_max);
      }
    }
    for (std::size_t i = 0; i < 3; ++i) {
      for (Context* expected : models[i]) ASSERT_EQ(queues[i].pop(), expected) << number_of(*expected);
      EXPECT_TRUE(queues[i].empty());
    }
  });
}

TEST(RunQueue, LosesNothingToThieves) {
  test::for_each_seed(1, [](SimulatedSystem& simulation) {
    constexpr std::size_t count = 30'000;
    const auto contexts = make_contexts(simulation.system(), count);
    std::array<RunQueue, 4> queues;
    std::atomic<std::size_t> ran = 0;
    std::vector<std::thread> threads;
    for (std::size_t self = 0; self < queues.size(); ++self) {
      threads.emplace_back([&, self] {
        SeededRandom random(self);
        std::size_t next = self;
        while (ran.load() < count) {
          for (std::size_t i = random.below(200); i > 0 && next < count; --i, next += queues.size()) {
            queues[self].push(*contexts[next]);
          }
          for (std::size_t i = random.below(100); i > 0; --i) {
            Context* context = queues[self].pop();
            if (context == nullptr)
              context = queues[(self + 1 + random.below(queues.size() - 1)) % queues.size()].steal_into(queues[self]);
            if (context == nullptr) break;
            context->run();
            ++ran;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& context : contexts) ASSERT_EQ(context->runs(), 1);
  });
}

}  // namespace
}  // namespace understudy::detail
