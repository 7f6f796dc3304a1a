// The children of an actor, or the roots of a system.
#pragma once

namespace understudy::detail {

class ActorCell;

/// Siblings, youngest first. Guarded by the lifecycle mutex. O(1), no allocation: the links are in the cells.
class ActorList {
 public:
  void add(ActorCell& cell) noexcept;
  /// False if it is not in the list.
  bool remove(ActorCell& cell) noexcept;
  [[nodiscard]] bool empty() const noexcept { return youngest_ == nullptr; }
  [[nodiscard]] ActorCell* youngest() const noexcept { return youngest_; }
  /// Calls `visit(cell)` for each, youngest first.
  template <typename Visit>
  void for_each(Visit visit) const;

 private:
  ActorCell* youngest_ = nullptr;
};

}  // namespace understudy::detail
