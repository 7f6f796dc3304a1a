// The process-wide system: for code that is four levels deep, and for programs that have one system. It is set once, at
// the start of main; nothing in the library needs it.
#pragma once

#include "understudy/actor/system.hpp"

namespace understudy {

/// Makes `system` the process-wide one until it is destroyed. Fails with `already_installed` if there is one. Any
/// thread.
Result<void> install(System& system);
/// The process-wide system. Fails with `not_installed`: call `install` first thing in main. Any thread; a few ns.
[[nodiscard]] Result<System*> installed_system() noexcept;

}  // namespace understudy
