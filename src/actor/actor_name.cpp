#include "understudy/actor/detail/actor_name.hpp"

#include "understudy/runtime/detail/frame_pool.hpp"

#include <cstdint>
#include <cstring>

namespace understudy::detail {

ActorName::ActorName(std::string_view name)
    : block_(static_cast<std::byte*>(allocate_block(sizeof(std::uint32_t) + name.size()))) {
  const auto size = static_cast<std::uint32_t>(name.size());
  std::memcpy(block_, &size, sizeof size);
  std::memcpy(block_ + sizeof size, name.data(), name.size());
}

ActorName::~ActorName() { free_block(block_, sizeof(std::uint32_t) + view().size()); }

std::string_view ActorName::view() const noexcept {
  std::uint32_t size = 0;
  std::memcpy(&size, block_, sizeof size);
  return {reinterpret_cast<const char*>(block_ + sizeof size), size};
}

}  // namespace understudy::detail
