// LoginDelays: how long an attempt to log in has to wait, after others of the same address for the same user have
// failed.
//
// The first failures cost nothing: people mistype. Each further one doubles the wait of the next attempt, up to a
// second; a minute after the last failure all is forgotten. A right password waits as long as a wrong one, so that
// nobody learns which it was by leaving early. Only the connection that asks is held up.
//
// What is remembered is bounded: when there is no more room, the failure that is longest ago is forgotten.
//
// Threads: every member may be called from any thread.
#pragma once

#include "understudy/base/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

namespace understudy::server {

class LoginDelays {
 public:
  static constexpr std::uint32_t free_failures = 3;
  static constexpr Duration first_delay = std::chrono::milliseconds(50);
  static constexpr Duration longest_delay = std::chrono::seconds(1);
  static constexpr Duration remembered_for = std::chrono::minutes(1);
  static constexpr std::size_t entries_max = 4096;

  /// How long to wait before an attempt is answered. `peer` may have a port, which does not count.
  [[nodiscard]] Duration delay(std::string_view peer, std::string_view user, TimePoint now) const;
  void note_failure(std::string_view peer, std::string_view user, TimePoint now);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::uint32_t failures = 0;
    TimePoint last{};
  };
  using Key = std::uint64_t;  // A hash of address and user: names of any length take no more room.

  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;
  std::set<std::pair<TimePoint, Key>> by_age_;
};

}  // namespace understudy::server
