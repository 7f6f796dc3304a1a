// Interleavings: runs a few small threads in every order of their atomic steps.
//
//     const Outcome outcome = explore([](Run& run) {
//       auto word = std::make_shared<interleavings::Atomic<int>>(0);
//       for (int i = 0; i < 2; ++i) run.thread([word] { word->store(word->load() + 1); });
//       run.finally([word] { check(word->load() == 2, "an increment was lost"); });
//     });
//     EXPECT_NE(outcome.failure, "");      // It finds the order in which one is lost, and shows it.
//
// The code under test takes its atomics as a template parameter; here it gets `interleavings::Atomic`, of which each
// operation is one step. Steps are sequentially consistent: orders that only weaker memory allows are left to the
// thread sanitizer and to stress. A thread that waits for another one calls `wait_a_little`: it goes on after the next
// write of another. If all that are left wait, that is a failure: a deadlock, or a wake-up that was lost. So is a run
// that does not end.
//
// How: depth first, each schedule is run anew from the start. Orders that differ only in independent steps (of
// different words, or loads) are tried once: sleep sets (Godefroid 1996). Threads are stacks that are switched on one
// thread. A failed run's threads are run to their end, but if they wait for ever: so keep outside of them what must be
// freed.
#pragma once

#include "simulation/fiber.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace understudy::test::interleavings {

/// Whether switching from one thread to another takes a system call or more.
inline constexpr bool is_slow = simulation::Fiber::is_slow;

/// What a thread does next.
struct Step {
  const void* word = nullptr;
  const char* name = "";
  bool writes = false;
};

struct Outcome {
  std::uint64_t schedules = 0;  ///< That were run to their end.
  std::uint64_t redundant = 0;  ///< That turned out to be others in disguise.
  bool complete = true;         ///< False: there were more than the limit.
  std::string failure;          ///< The first one, with the steps that lead to it; empty if there was none.
};

struct Limits {
  std::uint64_t schedules_max = 5'000'000;
  /// How often a thread that could go on is interrupted. With a limit all schedules within it are run; most faults need
  /// two (Musuvathi and Qadeer 2007).
  std::uint32_t preemptions_max = ~std::uint32_t{0};
};

/// Threads of one run, at most.
inline constexpr std::size_t threads_max = 8;

class Explorer;

/// One run of a scenario, to be set up.
class Run {
 public:
  void thread(std::function<void()> body) { bodies_.push_back({std::move(body), false}); }
  /// A thread that need not end: if it waits, by `wait_for`, when all others have ended, it is unwound there.
  void daemon(std::function<void()> body) { bodies_.push_back({std::move(body), true}); }
  /// Runs when all threads have ended.
  void finally(std::function<void()> last) { last_ = std::move(last); }

 private:
  friend class Explorer;
  std::vector<std::pair<std::function<void()>, bool>> bodies_;
  std::function<void()> last_;
};

/// See `explore`.
class Explorer {
 public:
  Outcome explore(const std::function<void(Run&)>& scenario, const Limits& limits) {
    active() = this;
    preemptions_max_ = limits.preemptions_max;
    bool more = true;
    while (more && outcome_.failure.empty()) {
      if (outcome_.schedules + outcome_.redundant >= limits.schedules_max) {
        outcome_.complete = false;
        break;
      }
      run(scenario);
      more = next_path();
    }
    active() = nullptr;
    return outcome_;
  }

  static Explorer*& active() {
    static Explorer* explorer = nullptr;
    return explorer;
  }
  /// Called by the running thread before each atomic operation.
  void step(const Step& step) {
    if (running_ == nobody || unwinding_) return;
    threads_[running_]->next = step;
    back_to_main();
  }
  /// The running thread, or one that there is not, while a run is set up or checked.
  [[nodiscard]] std::size_t running() const { return running_; }
  [[nodiscard]] bool is_running() const { return running_ != nobody; }
  void wrote(const void* word) {
    for (std::size_t i = 0; i < count_; ++i) {
      Thread& thread = *threads_[i];
      if (i == running_) continue;
      thread.news = true;
      if (thread.waits_for == word) thread.woken = true;
    }
  }
  /// Called by a thread that waits for another one to write to `word`, which it has just read; or to any word that it
  /// may have read since it waited last, if that is null.
  void wait(const void* word) {
    if (running_ == nobody) return;
    Thread& own = *threads_[running_];
    if (word == nullptr && std::exchange(own.news, false)) return;
    own.waits = true;
    own.woken = false;
    own.waits_for = word;
    back_to_main();
    own.waits_for = nullptr;
    own.news = false;
    if (unwinding_) throw Unwound();
  }
  void fail(const std::string& what) {
    if (!outcome_.failure.empty()) return;
    outcome_.failure = what + "; steps:";
    std::map<const void*, std::size_t> words;
    constexpr std::size_t shown_max = 1000;
    const std::size_t shown = std::min(trace_.size(), shown_max);
    for (const auto& [thread, step] : std::span(trace_).last(shown)) {
      const std::size_t word = words.emplace(step.word, words.size()).first->second;
      outcome_.failure += " " + std::to_string(thread) + ":" + step.name + "#" + std::to_string(word);
    }
  }

 private:
  static constexpr std::size_t nobody = ~std::size_t{0};
  static constexpr std::size_t steps_max = 20'000;  // Of one run.
  using Set = std::uint32_t;                        // Of threads, a bit each.
  struct Unwound {};

  struct Thread {
    explicit Thread(void (*entry)()) : fiber(entry, 128UZ * 1024) {}
    simulation::Fiber fiber;
    std::function<void()> body;
    Step next;
    bool daemon = false;
    bool done = false;
    bool waits = false;
    bool woken = false;
    bool news = false;  // Another thread has written something since it waited last.
    const void* waits_for = nullptr;
  };
  struct Choice {
    Set eligible = 0;
    Set asleep = 0;
    Set tried = 0;
    std::size_t chosen = 0;
  };
  [[nodiscard]] bool is_bounded() const { return preemptions_max_ != ~std::uint32_t{0}; }

  static void enter() {
    Explorer& self = *active();
    const std::size_t own = self.running_;
    self.threads_[own]->fiber.arrived();
    for (;;) {
      try {
        self.threads_[own]->body();
      } catch (const Unwound&) {
      }
      self.threads_[own]->done = true;
      self.back_to_main();
    }
  }
  void back_to_main() { threads_[running_]->fiber.switch_to(main_); }
  /// Lets thread `index` go on until its next step.
  void resume(std::size_t index) {
    running_ = index;
    main_.switch_to(threads_[index]->fiber);
    running_ = nobody;
  }
  static bool independent(const Step& a, const Step& b) { return a.word != b.word || (!a.writes && !b.writes); }
  static std::size_t lowest(Set set) { return static_cast<std::size_t>(__builtin_ctz(set)); }

  Set enabled() {
    Set set = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      Thread& thread = *threads_[i];
      if (thread.waits &&
          (thread.waits_for == nullptr ? thread.news
                                       : thread.woken)) {  // What it does before its next step is its own business.
        thread.waits = false;
        resume(i);
      }
      if (!thread.done && !thread.waits) set |= Set{1} << i;
    }
    return set;
  }

  void run(const std::function<void(Run&)>& scenario) {
    Run made;
    trace_.clear();
    scenario(made);
    count_ = made.bodies_.size();
    while (threads_.size() < count_) threads_.push_back(std::make_unique<Thread>(&enter));
    for (std::size_t i = 0; i < count_; ++i) {
      Thread& thread = *threads_[i];
      thread.body = std::move(made.bodies_[i].first);
      thread.daemon = made.bodies_[i].second;
      thread.done = false;
      thread.waits = false;
      thread.waits_for = nullptr;
      thread.news = false;
      resume(i);
    }
    Set asleep = 0;
    bool redundant = false;
    std::size_t last = nobody;
    std::uint32_t preemptions = 0;
    for (std::size_t depth = 0;; ++depth) {
      const Set open = enabled();
      if (open == 0) break;
      std::size_t chosen = 0;
      if (redundant) {
        chosen = lowest(open);
      } else {
        if (depth == path_.size()) {
          const bool goes_on = last != nobody && (open & (Set{1} << last)) != 0;
          const Set eligible = goes_on && preemptions == preemptions_max_ ? Set{1} << last : open;
          redundant = (eligible & ~asleep) == 0;
          if (!redundant) path_.push_back({eligible, asleep, 0, lowest(eligible & ~asleep)});
        }
        chosen = redundant ? lowest(open) : path_[depth].chosen;
      }
      const Step step = threads_[chosen]->next;
      if (!redundant && !is_bounded()) asleep = still_asleep(path_[depth], step);
      if (last != nobody && last != chosen && (open & (Set{1} << last)) != 0) ++preemptions;
      last = chosen;
      trace_.emplace_back(chosen, step);
      resume(chosen);
      if (depth == steps_max) {
        fail("it goes on and on");
        return;
      }
    }
    ++(redundant ? outcome_.redundant : outcome_.schedules);
    bool stuck = false;
    for (std::size_t i = 0; i < count_; ++i) {
      const Thread& thread = *threads_[i];
      stuck = stuck || (!thread.done && !(thread.daemon && thread.waits_for != nullptr));
    }
    unwinding_ = true;
    for (std::size_t i = 0; i < count_ && !stuck; ++i) {
      if (!threads_[i]->done) resume(i);
    }
    unwinding_ = false;
    if (stuck) {
      fail("all threads that are left wait");
    } else if (made.last_) {
      made.last_();
    }
    for (std::size_t i = 0; i < count_ && !stuck; ++i) threads_[i]->body = nullptr;
  }
  Set still_asleep(const Choice& choice, const Step& step) const {
    Set set = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const Set bit = Set{1} << i;
      if (((choice.asleep | choice.tried) & bit) != 0 && independent(threads_[i]->next, step)) set |= bit;
    }
    return set;
  }
  bool next_path() {
    while (!path_.empty()) {
      Choice& last = path_.back();
      last.tried |= Set{1} << last.chosen;
      const Set left = last.eligible & ~last.asleep & ~last.tried;
      if (left != 0) {
        last.chosen = lowest(left);
        return true;
      }
      path_.pop_back();
    }
    return false;
  }

  simulation::Fiber main_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::size_t count_ = 0;
  std::size_t running_ = nobody;
  bool unwinding_ = false;
  std::uint32_t preemptions_max_ = 0;
  std::vector<Choice> path_;
  std::vector<std::pair<std::size_t, Step>> trace_;
  Outcome outcome_;
};

/// Runs what `scenario(run)` sets up, anew for each order of its threads' steps, until one fails.
inline Outcome explore(const std::function<void(Run&)>& scenario, const Limits& limits = {}) {
  return Explorer().explore(scenario, limits);
}
/// Fails the run, once; the first failure is the outcome's.
inline void check(bool holds, const char* what) {
  if (!holds && Explorer::active() != nullptr) Explorer::active()->fail(what);
}
inline void wait_a_little() { Explorer::active()->wait(nullptr); }
/// Whether the caller is a thread of a run; false while one is set up or checked.
inline bool is_running() { return Explorer::active() != nullptr && Explorer::active()->is_running(); }
/// The calling thread, counted from 1; 0 if it is none of a run's.
inline std::size_t running_thread() { return is_running() ? Explorer::active()->running() + 1 : 0; }

/// As std::atomic; each operation is one step.
template <typename T>
class Atomic {
 public:
  Atomic() = default;
  explicit(false) Atomic(T value) : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  template <typename... Order>
  T load(Order... /*order*/) const {
    step("load", false);
    return value_;
  }
  template <typename... Order>
  void store(T value, Order... /*order*/) {
    step("store", true);
    change(value);
  }
  template <typename... Order>
  T exchange(T value, Order... /*order*/) {
    step("exchange", true);
    const T before = value_;
    change(value);
    return before;
  }
  template <typename... Order>
  bool compare_exchange_strong(T& expected, T wanted, Order... /*order*/) {
    step("cas", true);
    if (value_ != expected) {
      expected = value_;
      return false;
    }
    change(wanted);
    return true;
  }
  template <typename... Order>
  T fetch_add(T value, Order... /*order*/) {
    return replace("add", [value](T before) { return static_cast<T>(before + value); });
  }
  template <typename... Order>
  T fetch_sub(T value, Order... /*order*/) {
    return replace("sub", [value](T before) { return static_cast<T>(before - value); });
  }
  template <typename... Order>
  T fetch_or(T value, Order... /*order*/) {
    return replace("or", [value](T before) { return static_cast<T>(before | value); });
  }
  /// Waits, cheaply, until it is no longer `value`.
  template <typename... Order>
  void wait(T value, Order... /*order*/) const {
    while (load() == value) Explorer::active()->wait(this);
  }
  void notify_one() {}
  /// Without a step: for what the thread does together with its last one.
  void set(T value) { change(value); }
  [[nodiscard]] T peek() const { return value_; }
  template <typename... Order>
  bool compare_exchange_weak(T& expected, T wanted, Order... order) {
    return compare_exchange_strong(expected, wanted, order...);
  }

 private:
  template <typename Change>
  T replace(const char* name, Change changed) {
    step(name, true);
    const T before = value_;
    change(changed(before));
    return before;
  }
  void step(const char* name, bool writes) const {
    if (Explorer::active() != nullptr) Explorer::active()->step({this, name, writes});
  }
  void change(T value) {
    if (Explorer::active() != nullptr) Explorer::active()->wrote(this);
    value_ = value;
  }
  T value_{};
};

/// A word that one thread at a time writes, to whom others hand it over; for the last writer reading it is no step.
template <typename T>
class LastWriterAtomic {
 public:
  explicit(false) LastWriterAtomic(T value) : word_(value), value_(value) {}
  template <typename... Order>
  T load(Order... order) const {
    if (Explorer::active() == nullptr || Explorer::active()->running() == writer_) return value_;
    return word_.load(order...);
  }
  template <typename... Order>
  void store(T value, Order... order) {
    writer_ = Explorer::active()->running();
    word_.store(value, order...);
    value_ = value;
  }

 private:
  static constexpr std::size_t nobody = ~std::size_t{0};
  Atomic<T> word_;
  T value_;
  std::size_t writer_ = nobody;
};

/// Waits, cheaply, until `word` has the value.
template <typename T>
void wait_for(const Atomic<T>& word, T value) {
  while (word.load() != value) Explorer::active()->wait(&word);
}

/// For templates that take their atomics as a parameter.
struct Atomics {
  template <typename T>
  using Atomic = interleavings::Atomic<T>;
  static void wait_a_little(std::uint64_t /*round*/) { interleavings::wait_a_little(); }
};

}  // namespace understudy::test::interleavings
