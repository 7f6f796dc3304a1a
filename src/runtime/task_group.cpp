#include "understudy/runtime/task_group.hpp"

namespace understudy {

TaskHandle::TaskHandle(detail::TaskGroupCore& core, Task<> task, TimePoint deadline)
    : core_(&core), link_(new detail::TaskLink) {
  core_->retain();
  core_->spawn(std::move(task), deadline, link_);
}

TaskHandle::~TaskHandle() {
  if (core_ == nullptr) return;
  core_->let_go(*link_);
  core_->release();
}

}  // namespace understudy
