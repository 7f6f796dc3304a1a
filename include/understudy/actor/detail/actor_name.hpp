// What an actor is called: kept in as few bytes as may be, since there can be a million of them.
#pragma once

#include <cstddef>
#include <string_view>

namespace understudy::detail {

/// An actor's name, in one block of the pool.
class ActorName {
 public:
  explicit ActorName(std::string_view name);
  ActorName(const ActorName&) = delete;
  ActorName& operator=(const ActorName&) = delete;
  ~ActorName();
  [[nodiscard]] std::string_view view() const noexcept;

 private:
  std::byte* block_;  // Its length, then the characters.
};

}  // namespace understudy::detail
