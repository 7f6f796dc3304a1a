// The few calls from actor templates into compiled code.
#pragma once

#include "understudy/actor/dead_letter.hpp"
#include "understudy/actor/detail/cell_pointer.hpp"

#include <optional>
#include <typeinfo>

namespace understudy::detail {

/// Who sent a message that has died: an actor, null for one that was sent by none, nothing if that is not known any
/// more. Looked at before note_dead_letter returns.
using LetterSender = std::optional<const ActorCell*>;
/// The sender of what this thread sends now.
[[nodiscard]] inline LetterSender sender_here() noexcept {
  const ThreadState& thread = this_thread();
  return thread.current != nullptr ? thread.current->cell() : nullptr;
}
/// Keeps a tell to `cell` that will not be handled. Any thread, without locks held; also when the system of `cell` is
/// gone.
void note_dead_letter(const ActorCell& cell, const std::type_info& message, DeadLetterCause cause, const Error& reason,
                      const LetterSender& sender) noexcept;
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
