// LookAhead: what the key-value actor does about the keys that it is going to look up: it has the processor fetch what
// that will look at, of several at once.
//
// Threads: the actor's own.
#pragma once

#include "engine/key_space.hpp"
#include "understudy/actor/mailbox.hpp"
#include "understudy/store/messages.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <variant>

namespace understudy::store {

/// Gathers keys, and fetches what belongs to them with its end: unless it is one alone, for which nothing is gained.
class LookAhead {
 public:
  explicit LookAhead(const KeySpace& keys) noexcept : keys_(keys) {}
  LookAhead(const LookAhead&) = delete;
  LookAhead& operator=(const LookAhead&) = delete;
  ~LookAhead() {
    if (count_ > 1) keys_.look_ahead(std::span(hashes_).first(count_));
  }

  /// Of more than expected_keys_max, those are left that come last; and so are empty ones.
  void add(BytesView key) noexcept {
    if (!key.empty() && count_ < hashes_.size()) hashes_[count_++] = keys_.hash_of(key);
  }

 private:
  const KeySpace& keys_;
  std::array<std::size_t, expected_keys_max> hashes_{};
  std::size_t count_ = 0;
};

/// The key that a message begins with; empty if it names none.
[[nodiscard]] inline BytesView first_key_of(const KeyValueMessage& message) noexcept {
  return std::visit(
      [](const auto& request) -> BytesView {
        if constexpr (requires { request.operation; }) {
          return request.operation.first_key();
        } else if constexpr (requires { request.key; }) {
          return request.key;
        } else {
          return {};
        }
      },
      message);
}

/// How many messages are looked at in one go.
inline constexpr int messages_looked_ahead = static_cast<int>(expected_keys_max);

/// For the messages that wait.
inline void look_ahead(Mailbox<KeyValueMessage>& inbox, const KeySpace& keys) noexcept {
  LookAhead ahead(keys);
  inbox.peek(expected_keys_max, [&ahead](const KeyValueMessage& message) { ahead.add(first_key_of(message)); });
}

}  // namespace understudy::store
