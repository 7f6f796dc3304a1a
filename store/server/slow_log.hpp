// SlowLog: the commands that took longest lately, as SLOWLOG shows them.
//
// Only what a command itself takes is counted, not its wait for its turn or for the disk; of EXEC what its commands
// take, each by itself. Left out are commands for administration, those by which a conversation begins or ends (AUTH,
// HELLO, RESET, QUIT), and those that wait for something (WATCH, WAITAOF).
//
// Threads: any.
#pragma once

#include "server/command.hpp"
#include "understudy/base/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace understudy::server {

class SlowLog {
 public:
  struct Entry {
    std::uint64_t number = 0;
    WallTime when{};
    std::chrono::microseconds took{0};
    std::vector<std::string> words;  ///< Shortened: at most 32, of 128 bytes each.
    std::string peer;
    std::string client_name;
  };

  /// Commands that take longer are kept; negative: none are.
  [[nodiscard]] std::chrono::microseconds threshold() const noexcept {
    return std::chrono::microseconds(threshold_us_.load(std::memory_order_relaxed));
  }
  void set_threshold(std::chrono::microseconds threshold) noexcept {
    threshold_us_.store(threshold.count(), std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t length_max() const;
  void set_length_max(std::size_t length);

  void add(WallTime when, std::chrono::microseconds took, Arguments words, std::string peer, std::string client_name);
  /// The newest first.
  [[nodiscard]] std::vector<Entry> newest(std::size_t count) const;
  [[nodiscard]] std::size_t length() const;
  void clear();

 private:
  std::atomic<std::int64_t> threshold_us_{10'000};  // Relaxed: the next command knows.
  mutable std::mutex mutex_;
  // Guarded by the mutex:
  std::deque<Entry> entries_;  // The newest first.
  std::size_t length_max_ = 128;
  std::uint64_t next_number_ = 0;
};

}  // namespace understudy::server
