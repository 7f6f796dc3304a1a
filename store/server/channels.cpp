#include "server/channels.hpp"

#include "server/glob.hpp"

#include <array>
#include <cstdint>
#include <mutex>

namespace understudy::server {
namespace {

/// A message in the form of each version of the protocol, made when it is first wanted.
class Message {
 public:
  Message(BytesView pattern, BytesView channel, BytesView text) : pattern_(pattern), channel_(channel), text_(text) {}

  void push_to(Outbox& outbox) {
    const RespVersion version = outbox.version();
    std::string& bytes = forms_.at(version == RespVersion::resp2 ? 0 : 1);
    if (bytes.empty()) write(bytes, version);
    outbox.push(bytes);
  }

 private:
  void write(std::string& bytes, RespVersion version) const {
    RespWriter writer(bytes, version);
    writer.push(pattern_.data() == nullptr ? 3 : 4);
    writer.bulk(pattern_.data() == nullptr ? "message" : "pmessage");
    if (pattern_.data() != nullptr) writer.bulk(pattern_);
    writer.bulk(channel_);
    writer.bulk(text_);
  }

  BytesView pattern_;  // Null: the subscription is to the channel itself.
  BytesView channel_;
  BytesView text_;
  std::array<std::string, 2> forms_;
};

enum class Fit : std::uint8_t { yes, no, takes_too_long };

/// Each pattern goes by itself: what others take is none of its business. The share is several times what honest ones
/// take, which is some steps for each byte of the channel.
Fit compare(BytesView pattern, BytesView channel) noexcept {
  std::size_t steps = 1024 + 16 * channel.size() + 4 * pattern.size();
  const bool fits = glob_matches(pattern, channel, LetterCase::exact, steps);
  if (steps == 0) return Fit::takes_too_long;
  return fits ? Fit::yes : Fit::no;
}

/// Whether a thread is held for no more than some tens of milliseconds.
bool may_be_compared(BytesView channel, std::size_t patterns) noexcept {
  constexpr std::size_t usual_bytes_max = 512;
  constexpr std::size_t bytes_max = std::size_t{1} << 20U;
  return channel.size() <= usual_bytes_max || patterns == 0 || channel.size() <= bytes_max / patterns;
}

}  // namespace

void Channels::add(Kind kind, BytesView name, const Subscriber& subscriber) {
  const std::unique_lock lock(mutex_);
  names(kind)[Bytes(name)].push_back(subscriber);
}

void Channels::remove(Kind kind, BytesView name, const Subscriber& subscriber) {
  const std::unique_lock lock(mutex_);
  Names& all = names(kind);
  const auto found = all.find(name);
  if (found == all.end()) return;
  std::erase(found->second, subscriber);
  if (found->second.empty()) all.erase(found);
}

std::optional<std::size_t> Channels::publish(BytesView channel, BytesView message) {
  const std::shared_lock lock(mutex_);
  if (!may_be_compared(channel, patterns_.size())) return std::nullopt;
  std::size_t receivers = 0;
  const auto send = [&](BytesView pattern, const std::vector<Subscriber>& subscribers) {
    Message form(pattern, channel, message);
    for (const Subscriber& each : subscribers) form.push_to(*each);
    receivers += subscribers.size();
  };
  const auto found = channels_.find(channel);
  if (found != channels_.end()) send({}, found->second);
  for (const auto& [pattern, subscribers] : patterns_) {
    const Fit fit = compare(pattern, channel);
    if (fit == Fit::yes) send(pattern, subscribers);
    if (fit != Fit::takes_too_long) continue;
    for (const Subscriber& each : subscribers) each->cut_off("a pattern of its takes too many steps to compare");
  }
  return receivers;
}

std::optional<std::vector<Bytes>> Channels::active(BytesView pattern) const {
  const std::shared_lock lock(mutex_);
  GlobBudget steps;
  std::vector<Bytes> found;
  for (const auto& [name, subscribers] : channels_) {
    if (steps.matches(pattern, name)) found.push_back(name);
  }
  if (steps.used_up()) return std::nullopt;
  return found;
}

std::size_t Channels::subscribers_of(BytesView channel) const {
  const std::shared_lock lock(mutex_);
  const auto found = channels_.find(channel);
  return found == channels_.end() ? 0 : found->second.size();
}

std::size_t Channels::count(Kind kind) const {
  const std::shared_lock lock(mutex_);
  return (kind == Kind::channel ? channels_ : patterns_).size();
}

bool Channels::any() const {
  const std::shared_lock lock(mutex_);
  return !channels_.empty() || !patterns_.empty() || !monitors_.empty();
}

void Channels::for_each(const std::function<void(Kind, BytesView, const Outbox&)>& visit) const {
  const std::shared_lock lock(mutex_);
  for (const Kind kind : {Kind::channel, Kind::pattern}) {
    for (const auto& [name, subscribers] : kind == Kind::channel ? channels_ : patterns_) {
      for (const Subscriber& subscriber : subscribers) visit(kind, name, *subscriber);
    }
  }
}

void Channels::add_monitor(const Subscriber& subscriber) {
  const std::unique_lock lock(mutex_);
  monitors_.push_back(subscriber);
  monitor_count_.store(monitors_.size(), std::memory_order_relaxed);
}

void Channels::remove_monitor(const Subscriber& subscriber) {
  const std::unique_lock lock(mutex_);
  std::erase(monitors_, subscriber);
  monitor_count_.store(monitors_.size(), std::memory_order_relaxed);
}

void Channels::show(std::string_view line) {
  const std::shared_lock lock(mutex_);
  for (const Subscriber& each : monitors_) each->push(line);
}

}  // namespace understudy::server
