// ClientProgress: what a session says of itself each time it is about to wait for bytes.
//
// Written for every command, and read seldom: so each number is by itself, without a lock, and whoever reads may see
// some that are newer than others.
//
// Threads: `say` the session's; `last` any.
#pragma once

#include "understudy/base/clock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace understudy::server {

class ClientProgress {
 public:
  struct Figures {
    TimePoint active{};                         ///< When it last began to wait for bytes.
    const std::string_view* command = nullptr;  ///< Its last one's name, in static storage; null: none, or unknown.
    std::uint64_t commands = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::size_t unfinished_bytes = 0;  ///< Received of a request that was not complete.
    std::size_t free_bytes = 0;        ///< The room behind them.
    std::size_t memory_bytes = 0;      ///< What it holds, those included.
  };

  void say(const Figures& figures) noexcept {
    active_.store(figures.active, std::memory_order_relaxed);
    command_.store(figures.command, std::memory_order_relaxed);
    commands_.store(figures.commands, std::memory_order_relaxed);
    bytes_read_.store(figures.bytes_read, std::memory_order_relaxed);
    bytes_written_.store(figures.bytes_written, std::memory_order_relaxed);
    unfinished_bytes_.store(figures.unfinished_bytes, std::memory_order_relaxed);
    free_bytes_.store(figures.free_bytes, std::memory_order_relaxed);
    memory_bytes_.store(figures.memory_bytes, std::memory_order_relaxed);
  }
  [[nodiscard]] Figures last() const noexcept {
    return {.active = active_.load(std::memory_order_relaxed),
            .command = command_.load(std::memory_order_relaxed),
            .commands = commands_.load(std::memory_order_relaxed),
            .bytes_read = bytes_read_.load(std::memory_order_relaxed),
            .bytes_written = bytes_written_.load(std::memory_order_relaxed),
            .unfinished_bytes = unfinished_bytes_.load(std::memory_order_relaxed),
            .free_bytes = free_bytes_.load(std::memory_order_relaxed),
            .memory_bytes = memory_bytes_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<TimePoint> active_{};
  std::atomic<const std::string_view*> command_{nullptr};
  std::atomic<std::uint64_t> commands_{0};
  std::atomic<std::uint64_t> bytes_read_{0};
  std::atomic<std::uint64_t> bytes_written_{0};
  std::atomic<std::size_t> unfinished_bytes_{0};
  std::atomic<std::size_t> free_bytes_{0};
  std::atomic<std::size_t> memory_bytes_{0};
};

}  // namespace understudy::server
