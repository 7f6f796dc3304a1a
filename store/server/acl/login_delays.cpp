#include "server/acl/login_delays.hpp"

#include <algorithm>
#include <functional>

namespace understudy::server {
namespace {

std::uint64_t key_of(std::string_view peer, std::string_view user) {
  const std::string_view address = peer.substr(0, peer.rfind(':'));
  constexpr std::uint64_t factor = 0x9e3779b97f4a7c15U;  // Odd: the address counts whatever the user.
  const std::hash<std::string_view> hash;
  return hash(address) * factor + hash(user);
}

}  // namespace

Duration LoginDelays::delay(std::string_view peer, std::string_view user, TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(key_of(peer, user));
  if (found == entries_.end() || now - found->second.last >= remembered_for) return Duration{0};
  const std::uint32_t failures = found->second.failures;
  if (failures <= free_failures) return Duration{0};
  constexpr std::uint32_t doublings_max = 16;
  const std::uint32_t doublings = std::min(failures - free_failures - 1, doublings_max);
  return std::min(first_delay * (std::int64_t{1} << doublings), longest_delay);
}

void LoginDelays::note_failure(std::string_view peer, std::string_view user, TimePoint now) {
  const Key key = key_of(peer, user);
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(key);
  Entry entry;
  if (found != entries_.end()) {
    by_age_.erase({found->second.last, key});
    if (now - found->second.last < remembered_for) entry.failures = found->second.failures;
  } else if (entries_.size() >= entries_max) {
    const auto oldest = by_age_.begin();
    entries_.erase(oldest->second);
    by_age_.erase(oldest);
  }
  entry.failures = std::min(entry.failures + 1, 1'000U);
  entry.last = now;
  entries_.insert_or_assign(key, entry);
  by_age_.emplace(now, key);
}

std::size_t LoginDelays::size() const {
  const std::scoped_lock lock(mutex_);
  return entries_.size();
}

}  // namespace understudy::server
