#include "server/acl/denials.hpp"

#include <algorithm>
#include <utility>

namespace understudy::server {
namespace {

constexpr Duration same_within = std::chrono::minutes(1);

}  // namespace

void Denials::note(Entry entry) {
  const std::scoped_lock lock(mutex_);
  const auto same = std::ranges::find_if(entries_, [&](const Entry& each) {
    return each.reason == entry.reason && each.context == entry.context && each.object == entry.object &&
           each.user == entry.user && entry.at - each.at <= same_within;
  });
  if (same != entries_.end()) {
    entry.count += same->count;
    entries_.erase(same);
  }
  entries_.push_front(std::move(entry));
  if (entries_.size() > entries_max) entries_.pop_back();
}

std::vector<Denials::Entry> Denials::newest(std::size_t count) const {
  const std::scoped_lock lock(mutex_);
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(std::min(count, entries_.size()));
  return {entries_.begin(), end};
}

void Denials::clear() {
  const std::scoped_lock lock(mutex_);
  entries_.clear();
}

}  // namespace understudy::server
