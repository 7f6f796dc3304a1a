#include "supervision/incident_log.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace understudy {

/// Describes a stack on a thread that may take its time, then tells of the incident.
class IncidentLog::Description final : public detail::BlockingJob {
 public:
  Description(IncidentLog& log, Incident incident, StackAddresses stack)
      : log_(log), incident_(std::move(incident)), stack_(std::move(stack)) {}
  void run() noexcept override {
    const std::unique_ptr<Description> self(this);
    incident_.stack = describe_stack(stack_);
    {
      const std::lock_guard lock(log_.mutex_);
      const auto found = std::ranges::find(log_.kept_, incident_.number, &Incident::number);
      if (found != log_.kept_.end()) found->stack = incident_.stack;
    }
    log_.tell(incident_);
  }

 private:
  IncidentLog& log_;
  Incident incident_;
  StackAddresses stack_;
};

void IncidentLog::add(Incident incident, StackAddresses stack) {
  {
    const std::lock_guard lock(mutex_);
    incident.number = ++count_;
    if (kept_.size() == kept_max) kept_.pop_front();
    kept_.push_back(incident);
    std::erase_if(waiters_, [this](const Waiter& waiter) {
      if (waiter.number > count_) return false;
      waiter.happened->set();
      return true;
    });
  }
  if (stack.empty()) {
    tell(incident);
  } else {
    system_.scheduler().run_blocking(*new Description(*this, std::move(incident), std::move(stack)));
  }
}

void IncidentLog::tell(const Incident& incident) {
  log_warning("{}", describe(incident));
  reporter_->tell(incident);
}

void IncidentLog::note_restart(const std::string& actor, std::uint32_t incarnation, TimePoint now) {
  Duration out_of_service{0};
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(kept_.rbegin(), kept_.rend(), [&](const Incident& each) {
      return each.actor == actor && each.incarnation + 1 == incarnation;
    });
    if (found != kept_.rend()) {
      found->out_of_service = now - found->since;
      out_of_service = found->out_of_service;
    }
  }
  log_info("{} goes on as incarnation {}, after {:.1f} ms", actor, incarnation,
           std::chrono::duration<double, std::milli>(out_of_service).count());
}

std::vector<Incident> IncidentLog::latest() const {
  const std::lock_guard lock(mutex_);
  return {kept_.begin(), kept_.end()};
}

std::uint64_t IncidentLog::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

std::optional<Incident> IncidentLog::find(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  if (number > count_ || kept_.empty()) return std::nullopt;
  const auto found = std::ranges::find_if(kept_, [&](const Incident& each) { return each.number >= number; });
  return found == kept_.end() ? std::nullopt : std::optional(*found);
}

void IncidentLog::notify(detail::Event& happened, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (number <= count_) {
    happened.set();
  } else {
    waiters_.push_back({.happened = &happened, .number = number});
  }
}

void IncidentLog::forget(detail::Event& happened) noexcept {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiters_, [&](const Waiter& waiter) { return waiter.happened == &happened; });
}

}  // namespace understudy
