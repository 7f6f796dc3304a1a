// Whether somebody has asked that a system be shut down, why, and who waits for that.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/runtime/detail/event.hpp"

#include <mutex>
#include <optional>
#include <vector>

namespace understudy::detail {

/// Threads: any.
class ShutdownRequest {
 public:
  /// The first reason stays.
  void make(Error reason) {
    const std::lock_guard lock(mutex_);
    if (reason_) return;
    reason_ = std::move(reason);
    for (Event* waiter : waiters_) waiter->set();
    waiters_.clear();
  }
  [[nodiscard]] std::optional<Error> reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
  }

  /// A coroutine that waits for it.
  class Wait {
   public:
    explicit Wait(ShutdownRequest& request) : request_(request) {
      const std::lock_guard lock(request_.mutex_);
      if (request_.reason_) {
        requested_.set();
      } else {
        request_.waiters_.push_back(&requested_);
      }
    }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() {
      const std::lock_guard lock(request_.mutex_);
      std::erase(request_.waiters_, &requested_);
    }
    [[nodiscard]] Event& requested() noexcept { return requested_; }

   private:
    ShutdownRequest& request_;
    Event requested_;
  };

 private:
  mutable std::mutex mutex_;
  std::optional<Error> reason_;
  std::vector<Event*> waiters_;
};

}  // namespace understudy::detail
