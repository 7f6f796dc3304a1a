// From an address to its cell, for the parts of the library that choose among actors.
#pragma once

#include "understudy/actor/address.hpp"

namespace understudy::detail {

struct CellAccess {
  /// The address must point somewhere (checked).
  template <Message M>
  [[nodiscard]] static ActorCell& cell(const Address<M>& address) noexcept {
    return address.cell();
  }
  template <Message M>
  [[nodiscard]] static CellPointer share(const Address<M>& address) noexcept {
    return CellPointer::share(address.cell());
  }
};

}  // namespace understudy::detail
