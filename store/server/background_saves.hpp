// BackgroundSaves: the snapshots that BGSAVE has asked for and that are not there yet. There are at most two: one that
// is taken, and one that comes behind it, which is also that of everybody who asks meanwhile.
//
// Threads: any.
#pragma once

#include <cstddef>
#include <mutex>
#include <utility>

namespace understudy::server {

class BackgroundSaves {
 public:
  static constexpr std::size_t all_max = 2;

  /// One of them, until it is destroyed.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : saves_(std::exchange(other.saves_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(saves_, other.saves_);
      return *this;
    }
    ~Place() {
      if (saves_ != nullptr) saves_->leave();
    }
    [[nodiscard]] explicit operator bool() const noexcept { return saves_ != nullptr; }

   private:
    friend class BackgroundSaves;
    explicit Place(BackgroundSaves& saves) noexcept : saves_(&saves) {}

    BackgroundSaves* saves_ = nullptr;
  };

  /// None if there are `most` already.
  [[nodiscard]] Place take_place(std::size_t most) {
    const std::scoped_lock lock(mutex_);
    if (count_ >= most) return {};
    ++count_;
    return Place(*this);
  }
  [[nodiscard]] std::size_t count() const {
    const std::scoped_lock lock(mutex_);
    return count_;
  }

 private:
  void leave() noexcept {
    const std::scoped_lock lock(mutex_);
    --count_;
  }

  mutable std::mutex mutex_;
  std::size_t count_ = 0;
};

}  // namespace understudy::server
