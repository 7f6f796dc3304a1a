#include "engine/watched_keys.hpp"

#include <algorithm>
#include <memory>

namespace understudy::store {
namespace {

using Watches = std::vector<std::weak_ptr<Watch>>;

bool is_gone(const std::weak_ptr<Watch>& watch) noexcept { return watch.expired(); }

/// Leaves each watch that somebody holds, once.
void tidy(Watches& watches) {
  std::erase_if(watches, is_gone);
  std::ranges::sort(watches, std::owner_less<>{});
  const auto same = [](const std::weak_ptr<Watch>& left, const std::weak_ptr<Watch>& right) {
    return !left.owner_before(right) && !right.owner_before(left);
  };
  const auto repeated = std::ranges::unique(watches, same);
  watches.erase(repeated.begin(), repeated.end());
}

void touch_each(const Watches& watches) noexcept {
  for (const std::weak_ptr<Watch>& each : watches) {
    if (const std::shared_ptr<Watch> watch = each.lock()) watch->touch();
  }
}

}  // namespace

void WatchedKeys::add(BytesView key, const std::shared_ptr<Watch>& watch) {
  if (++added_ >= sweep_after_) sweep();
  auto found = all_.find(key);
  if (found == all_.end()) found = all_.emplace(Bytes(key), Watches{}).first;
  found->second.push_back(watch);
}

void WatchedKeys::touch_found(BytesView key) {
  const auto found = all_.find(key);
  if (found == all_.end()) return;
  touch_each(found->second);
  all_.erase(found);  // A watch is touched once.
}

void WatchedKeys::touch_all() noexcept {
  for (const auto& [key, watches] : all_) touch_each(watches);
  all_.clear();
}

void WatchedKeys::touch_those(const std::function<bool(BytesView)>& is_one) {
  boost::unordered::erase_if(all_, [&](const auto& entry) {
    const bool touches = is_one(entry.first);
    if (touches) touch_each(entry.second);
    return touches;
  });
}

void WatchedKeys::sweep() {
  std::size_t left = 0;
  boost::unordered::erase_if(all_, [&left](auto& entry) {
    tidy(entry.second);
    left += entry.second.size();
    return entry.second.empty();
  });
  added_ = 0;
  sweep_after_ = std::max(swept_at_least_every, left);
}

}  // namespace understudy::store
