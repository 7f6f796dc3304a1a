#include "engine/watched_keys.hpp"

#include <algorithm>

namespace understudy::store {
namespace {

bool is_gone(const std::weak_ptr<Watch>& watch) noexcept { return watch.expired(); }

void touch_each(const std::vector<std::weak_ptr<Watch>>& watches) noexcept {
  for (const std::weak_ptr<Watch>& each : watches) {
    if (const std::shared_ptr<Watch> watch = each.lock()) watch->touch();
  }
}

}  // namespace

void WatchedKeys::add(BytesView key, const std::shared_ptr<Watch>& watch) {
  if (++added_ >= sweep_after_) sweep();
  std::vector<std::weak_ptr<Watch>>& watches = all_[Bytes(key)];
  std::erase_if(watches, is_gone);
  watches.push_back(watch);
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
  added_ = 0;
  boost::unordered::erase_if(all_, [](auto& entry) {
    std::erase_if(entry.second, is_gone);
    return entry.second.empty();
  });
  sweep_after_ = std::max(WatchedKeys::swept_at_least_every, all_.size());
}

}  // namespace understudy::store
