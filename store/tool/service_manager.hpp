// What the service manager that has started the program (systemd) is told: that it is ready, that it ends and why, and,
// if it has asked for that, again and again that supervision makes progress. Without such a manager nothing happens.
#pragma once

#include "understudy/actor/address.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <string_view>

namespace understudy::tool {

/// Threads: one; from its construction to its destruction the system and the supervisor live.
class ServiceManager {
 public:
  /// Reads NOTIFY_SOCKET and WATCHDOG_USEC, WATCHDOG_PID (sd_notify(3), sd_watchdog_enabled(3)).
  ServiceManager(System& system, const Supervisor& supervisor);
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  ~ServiceManager();

  void say_ready(std::string_view status);
  void say_stopping(std::string_view reason);

 private:
  struct Nothing {};
  static Task<> feed(Mailbox<Nothing>& inbox, Duration interval, const Supervisor* supervisor);

  System& system_;
  Address<Nothing> watchdog_;  // Empty if nobody has asked for one.
};

}  // namespace understudy::tool
