// What is found anywhere: the process-wide system, and actors by their names.
//
//     us::Result<us::Address<Add>> found = us::find(counter);   // see name.hpp
//
// The process-wide system is for code that is four levels deep, and for programs that have one system. It is set once,
// at the start of main; nothing in the library needs it.
#pragma once

#include "understudy/actor/system.hpp"

namespace understudy {

/// Makes `system` the process-wide one until it is destroyed. Fails with `already_installed` if there is one. Any
/// thread.
Result<void> install(System& system);
/// The process-wide system. Fails with `not_installed`: call `install` first thing in main. Any thread; a few ns.
[[nodiscard]] Result<System*> installed_system() noexcept;

/// The actor of that name in the process-wide system, as System::find: in any coroutine, thread or plain function.
/// `not_installed` also when there is no process-wide system.
template <Message M>
[[nodiscard]] Result<Address<M>> find(const Name<M>& name) {
  const Result<System*> system = installed_system();
  if (!system) return std::unexpected(system.error());
  return (*system)->find(name);
}
/// Registers an actor in its own system, as System::register_as. Any thread; for an actor that registers itself, too.
template <Message M>
Result<void> register_as(const Name<M>& name, const Address<M>& address) {
  detail::CellPointer cell = detail::CellAccess::share(address);
  detail::SystemCore& system = cell->system();
  return detail::add_name(system, name.text(), name.hash(), typeid(M), std::move(cell));
}

}  // namespace understudy
