// Where an actor runs: anywhere (the default), on one worker, or on a thread of its own.
#pragma once

#include <cstdint>

namespace understudy {

/// Anywhere is nearly always right. A worker of its choice suits actors that share a cache, or a device bound to a
/// processor; a thread of its own suits an actor that computes for long, or calls a library that wants to be called
/// from one thread always. A simulation has one thread: there it says nothing.
class Placement {
 public:
  enum class Kind : std::uint8_t { anywhere, worker, own_thread };

  constexpr Placement() noexcept = default;
  /// On any worker; it may change at each suspension.
  [[nodiscard]] static constexpr Placement anywhere() noexcept { return {}; }
  /// Always on worker `index`, counted from 0; taken modulo the number of workers.
  [[nodiscard]] static constexpr Placement worker(std::uint32_t index) noexcept { return {Kind::worker, index}; }
  /// On a thread that runs nothing else; it starts and ends with the actor. Each message costs a thread's wake-up when
  /// the actor was idle.
  [[nodiscard]] static constexpr Placement own_thread() noexcept { return {Kind::own_thread, 0}; }

  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  [[nodiscard]] constexpr std::uint32_t index() const noexcept { return index_; }

 private:
  constexpr Placement(Kind kind, std::uint32_t index) noexcept : kind_(kind), index_(index) {}
  Kind kind_ = Kind::anywhere;
  std::uint32_t index_ = 0;
};

}  // namespace understudy
