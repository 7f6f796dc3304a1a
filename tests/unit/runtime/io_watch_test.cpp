// Attacks: who notes something is looked at, however the note falls between looks; while there is something to look for
// the looks go on, and after that nobody is woken.
#include "runtime/io_watch.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

using std::chrono::milliseconds;

/// A number that goes up on one thread, and is waited for on another.
class Counter {
 public:
  void count() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }
  [[nodiscard]] int now() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

TEST(IoWatch, LooksForAsLongAsThereIsSomethingAndNoLonger) {
  IoLoop loop(system_clock_source(), 1);
  Counter looks;
  std::atomic<bool> more = true;
  IoWatch watch(loop, milliseconds(1), [&](bool) {
    looks.count();
    return more.load();
  });
  // Another, with the same interval, tells when time has passed.
  Counter others;
  IoWatch other(loop, milliseconds(1), [&](bool) {
    others.count();
    return true;
  });
  other.note();
  EXPECT_EQ(looks.now(), 0);
  for (int round = 1; round <= 3; ++round) {
    more = true;
    watch.note();
    looks.wait_for(looks.now() + 5);
    more = false;
    others.wait_for(others.now() + 3);  // They take turns: the one that says "no more" is over.
    const int last = looks.now();
    others.wait_for(others.now() + 5);
    EXPECT_EQ(looks.now(), last);
  }
  loop.stop();
}

TEST(IoWatch, SeesEveryNote) {
  IoLoop loop(system_clock_source(), 1);
  std::mutex mutex;
  std::condition_variable changed;
  int noted = 0;
  int seen = 0;
  IoWatch watch(loop, milliseconds(1), [&](bool any) {
    const std::lock_guard lock(mutex);
    if (any) seen = noted;
    changed.notify_all();
    return false;
  });
  for (int i = 1; i <= 300; ++i) {
    {
      const std::lock_guard lock(mutex);
      noted = i;
    }
    watch.note();
    if (i % 3 != 0) continue;  // Others fall together, or upon a look.
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return seen == i; });  // For ever, if a note is lost.
  }
  loop.stop();
}

}  // namespace
}  // namespace understudy::detail
