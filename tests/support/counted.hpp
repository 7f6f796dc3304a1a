// Counted: an object that is counted while it lives, so that a test can say that nothing was leaked or ended twice.
//
//     Census census;
//     { ... frames, messages and actors hold `Counted(census)` ... }
//     EXPECT_EQ(census.living(), 0);
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace understudy::test {

/// How many objects live. Copies share the count. Any thread.
class Census {
 public:
  [[nodiscard]] std::int64_t living() const noexcept { return numbers_->living.load(std::memory_order_acquire); }
  /// All that were ever made, copies and moved ones not counted again.
  [[nodiscard]] std::int64_t made() const noexcept { return numbers_->made.load(std::memory_order_acquire); }

 private:
  friend class Counted;
  struct Numbers {
    std::atomic<std::int64_t> living{0};
    std::atomic<std::int64_t> made{0};
  };
  std::shared_ptr<Numbers> numbers_ = std::make_shared<Numbers>();
};

/// One object of a Census. Moved-from ones do not count. It owns memory, so that the address sanitizer sees misuse.
class Counted {
 public:
  explicit Counted(const Census& census) : life_(std::make_unique<Life>(census.numbers_)) {}
  Counted(Counted&&) noexcept = default;
  Counted& operator=(Counted&&) noexcept = default;
  Counted(const Counted& other) : life_(other.life_ ? std::make_unique<Life>(other.life_->numbers) : nullptr) {}
  Counted& operator=(const Counted& other) {
    *this = Counted(other);
    return *this;
  }
  ~Counted() = default;

 private:
  struct Life {
    explicit Life(std::shared_ptr<Census::Numbers> shared) : numbers(std::move(shared)) {
      numbers->living.fetch_add(1, std::memory_order_acq_rel);
      numbers->made.fetch_add(1, std::memory_order_acq_rel);
    }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    ~Life() { numbers->living.fetch_sub(1, std::memory_order_acq_rel); }
    std::shared_ptr<Census::Numbers> numbers;
  };
  std::unique_ptr<Life> life_;
};

}  // namespace understudy::test
