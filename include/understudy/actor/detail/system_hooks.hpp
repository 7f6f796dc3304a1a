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

/// Names of actors: see src/actor/name_table.hpp.
[[nodiscard]] Result<void> add_name(SystemCore& system, std::string_view name, std::uint64_t hash,
                                    const std::type_info& message, CellPointer cell);
[[nodiscard]] Result<CellPointer> find_name(SystemCore& system, std::string_view name, std::uint64_t hash,
                                            const std::type_info& message);
/// Fails the calling incarnation: a sleeper that returned with messages left, none of which it has taken.
[[noreturn]] void returned_without_receiving(const ActorCell& cell);

}  // namespace understudy::detail
