#include "understudy/actor/detail/actor_list.hpp"

#include "understudy/actor/detail/actor_cell.hpp"

namespace understudy::detail {

void ActorList::add(ActorCell& cell) noexcept {
  cell.elder_ = youngest_;
  if (youngest_ != nullptr) youngest_->younger_ = &cell;
  youngest_ = &cell;
  cell.listed_ = true;
}

bool ActorList::remove(ActorCell& cell) noexcept {
  if (!cell.listed_) return false;
  cell.listed_ = false;
  (cell.younger_ != nullptr ? cell.younger_->elder_ : youngest_) = cell.elder_;
  if (cell.elder_ != nullptr) cell.elder_->younger_ = cell.younger_;
  return true;
}

}  // namespace understudy::detail
