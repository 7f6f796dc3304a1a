// The few calls from actor templates into compiled code.
#pragma once

#include "understudy/actor/detail/actor_cell.hpp"

#include <typeinfo>

namespace understudy::detail {

void note_dead_letter(SystemCore& system, const ActorCell& cell, const std::type_info& message, const Error& reason);
/// Starts a new cell; its owner keeps one count. In a system that shuts down it stops at once.
void launch(SystemCore& system, ActorCell& cell);
/// The actor that the calling coroutine belongs to; ends the program with a message naming `caller` if there is none.
[[nodiscard]] ActorCell& current_cell(const char* caller) noexcept;

}  // namespace understudy::detail
