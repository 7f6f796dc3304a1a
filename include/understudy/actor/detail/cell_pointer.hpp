// What an Address holds: a counted pointer to its actor's cell.
#pragma once

#include "understudy/actor/detail/actor_cell.hpp"

#include <utility>

namespace understudy::detail {

/// A counted pointer to a cell.
class CellPointer {
 public:
  CellPointer() noexcept = default;
  /// Takes over one count.
  explicit CellPointer(ActorCell* adopted) noexcept : cell_(adopted) {}
  static CellPointer share(ActorCell& cell) noexcept {
    cell.retain();
    return CellPointer(&cell);
  }
  CellPointer(const CellPointer& other) noexcept : cell_(other.cell_) {
    if (cell_ != nullptr) cell_->retain();
  }
  CellPointer(CellPointer&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
  CellPointer& operator=(CellPointer other) noexcept {
    std::swap(cell_, other.cell_);
    return *this;
  }
  ~CellPointer() {
    if (cell_ != nullptr) cell_->release();
  }
  [[nodiscard]] ActorCell* get() const noexcept { return cell_; }
  ActorCell* operator->() const noexcept { return cell_; }
  ActorCell& operator*() const noexcept { return *cell_; }
  [[nodiscard]] explicit operator bool() const noexcept { return cell_ != nullptr; }

 private:
  ActorCell* cell_ = nullptr;
};

}  // namespace understudy::detail
