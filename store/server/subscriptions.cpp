#include "server/subscriptions.hpp"

#include <algorithm>
#include <utility>

namespace understudy::server {

const std::shared_ptr<Outbox>& Subscriptions::held_outbox() {
  if (outbox_ == nullptr) outbox_ = open_outbox_();
  outbox_->hold();
  return outbox_;
}

void Subscriptions::add(Kind kind, BytesView name) {
  if (!all(kind).emplace(name, ++begun_).second) return;
  bytes(kind) += bytes_of(name);
  channels_.add(kind, name, held_outbox());
}

std::size_t Subscriptions::bytes_with(Kind kind, std::span<const BytesView> more) const {
  std::vector<BytesView> added;
  for (const BytesView name : more) {
    if (!all(kind).contains(name)) added.push_back(name);
  }
  std::ranges::sort(added);
  const auto repeated = std::ranges::unique(added);
  added.erase(repeated.begin(), repeated.end());
  std::size_t all_bytes = kind == Kind::channel ? channel_bytes_ : pattern_bytes_;
  for (const BytesView name : added) all_bytes += bytes_of(name);
  return all_bytes;
}

void Subscriptions::remove(Kind kind, BytesView name) {
  Names& names = all(kind);
  const auto found = names.find(name);
  if (found == names.end()) return;
  channels_.remove(kind, name, outbox_);
  bytes(kind) -= bytes_of(name);
  names.erase(found);
}

std::vector<Bytes> Subscriptions::names(Kind kind) const {
  std::vector<Names::const_pointer> ordered;
  ordered.reserve(all(kind).size());
  for (const auto& each : all(kind)) ordered.push_back(&each);
  std::ranges::sort(ordered, {}, [](Names::const_pointer each) { return each->second; });
  std::vector<Bytes> names;
  names.reserve(ordered.size());
  for (const Names::const_pointer each : ordered) names.push_back(each->first);
  return names;
}

bool Subscriptions::monitor() {
  if (std::exchange(monitors_, true)) return false;
  channels_.add_monitor(held_outbox());
  return true;
}

void Subscriptions::clear() {
  for (const Kind kind : {Kind::channel, Kind::pattern}) {
    for (const auto& [name, number] : all(kind)) channels_.remove(kind, name, outbox_);
    all(kind).clear();
    bytes(kind) = 0;
  }
  if (std::exchange(monitors_, false)) channels_.remove_monitor(outbox_);
}

}  // namespace understudy::server
