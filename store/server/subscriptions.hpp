// Subscriptions: what one connection has subscribed to. Ends them when the connection ends.
//
// Threads: one session uses it.
#pragma once

#include "server/channels.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace understudy::server {

class Subscriptions {
 public:
  using Kind = Channels::Kind;

  /// `open_outbox` makes the way to this client, once it is needed.
  Subscriptions(Channels& channels, std::function<std::shared_ptr<Outbox>()> open_outbox)
      : channels_(channels), open_outbox_(std::move(open_outbox)) {}
  Subscriptions(const Subscriptions&) = delete;
  Subscriptions& operator=(const Subscriptions&) = delete;
  ~Subscriptions() { clear(); }

  /// Messages come behind what is replied to the present command.
  void add(Kind kind, BytesView name);
  /// What those of this kind need, and these as well.
  [[nodiscard]] std::size_t bytes_with(Kind kind, std::span<const BytesView> more) const;
  void remove(Kind kind, BytesView name);
  /// All commands are shown to the client from now on. False if they were before.
  bool monitor();
  void clear();

  /// In the order in which they began.
  [[nodiscard]] std::vector<Bytes> names(Kind kind) const;
  [[nodiscard]] std::size_t count(Kind kind) const noexcept { return all(kind).size(); }
  /// Of both kinds.
  [[nodiscard]] std::size_t count() const noexcept { return of_channels_.size() + of_patterns_.size(); }
  [[nodiscard]] bool monitors() const noexcept { return monitors_; }

 private:
  /// Names, and the how many-th subscription each is.
  using Names = std::map<Bytes, std::uint64_t, std::less<>>;
  /// Here and in the channels.
  static constexpr std::size_t bytes_of(BytesView name) noexcept { return 256 + 2 * name.size(); }

  [[nodiscard]] const Names& all(Kind kind) const noexcept {
    return kind == Kind::channel ? of_channels_ : of_patterns_;
  }
  std::size_t& bytes(Kind kind) noexcept { return kind == Kind::channel ? channel_bytes_ : pattern_bytes_; }
  Names& all(Kind kind) noexcept { return kind == Kind::channel ? of_channels_ : of_patterns_; }
  /// The way to the client; what is pushed waits for the reply.
  const std::shared_ptr<Outbox>& held_outbox();

  Channels& channels_;
  std::function<std::shared_ptr<Outbox>()> open_outbox_;
  std::shared_ptr<Outbox> outbox_;
  Names of_channels_;
  Names of_patterns_;
  std::size_t channel_bytes_ = 0;
  std::size_t pattern_bytes_ = 0;
  std::uint64_t begun_ = 0;
  bool monitors_ = false;
};

}  // namespace understudy::server
