#include "server/subscriptions.hpp"

#include <utility>

namespace understudy::server {

const std::shared_ptr<Outbox>& Subscriptions::held_outbox() {
  if (outbox_ == nullptr) outbox_ = open_outbox_();
  outbox_->hold();
  return outbox_;
}

void Subscriptions::add(Kind kind, BytesView name) {
  if (own(kind).emplace(name).second) channels_.add(kind, name, held_outbox());
}

void Subscriptions::remove(Kind kind, BytesView name) {
  std::set<Bytes, std::less<>>& all = own(kind);
  const auto found = all.find(name);
  if (found == all.end()) return;
  channels_.remove(kind, name, outbox_);
  all.erase(found);
}

bool Subscriptions::monitor() {
  if (std::exchange(monitors_, true)) return false;
  channels_.add_monitor(held_outbox());
  return true;
}

void Subscriptions::clear() {
  for (const Kind kind : {Kind::channel, Kind::pattern}) {
    for (const Bytes& name : names(kind)) channels_.remove(kind, name, outbox_);
    own(kind).clear();
  }
  if (std::exchange(monitors_, false)) channels_.remove_monitor(outbox_);
}

}  // namespace understudy::server
