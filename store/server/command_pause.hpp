// CommandPause: for a while, commands wait that would otherwise run (CLIENT PAUSE): all, or those that change something
// others see. Replies that are under way, and what the store does by itself, go on.
//
// Threads: any.
#pragma once

#include "server/command.hpp"
#include "server/live_settings.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/runtime/mutex.hpp"
#include "understudy/runtime/task_group.hpp"

#include <cstdint>
#include <mutex>

namespace understudy::server {

class CommandQueue;

class CommandPause {
 public:
  /// Each has the one before it in it.
  enum class What : std::uint8_t { nothing, writes, all };

  explicit CommandPause(System& system) : system_(system), keeper_(system) {}

  /// From now on, for `how_long`. What is paused already stays so, until the later of both ends.
  void begin(What what, Duration how_long);
  /// All that waits goes on.
  void end();
  /// The same, for good.
  void stop();

  /// A glance: whether there is one.
  [[nodiscard]] bool is_on() const noexcept { return what_() != What::nothing; }
  /// Whether the command has to wait now. `queue`: what an EXEC would run.
  [[nodiscard]] bool holds(const Command& command, const CommandQueue& queue) const noexcept;
  /// Waits for its end, if the command is one that has to.
  [[nodiscard]] Task<> wait(const Command& command, const CommandQueue& queue);

 private:
  static Task<> keep(CommandPause& pause);

  System& system_;
  LiveSetting<What> what_{What::nothing};  // Set under the mutex.
  std::mutex mutex_;
  // Guarded by the mutex:
  TimePoint end_{};
  bool stopped_ = false;
  Mutex gate_;        // Held by the keeper while there is a pause; who waits for it waits for the end.
  TaskGroup keeper_;  // One task, or one that ends and the next.
};

}  // namespace understudy::server
