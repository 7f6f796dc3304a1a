#include "supervision/incident_reporter.hpp"

#include "base/log.hpp"

#include <exception>
#include <utility>

namespace understudy {

/// One stay on a blocking thread. Keeps the reporter, which its program may have ended meanwhile.
class IncidentReporter::Round final : public detail::BlockingJob {
 public:
  explicit Round(std::shared_ptr<IncidentReporter> reporter) : reporter_(std::move(reporter)) {}
  void run() noexcept override {
    const std::unique_ptr<Round> self(this);
    reporter_->tell_all();
  }

 private:
  std::shared_ptr<IncidentReporter> reporter_;
};

void IncidentReporter::tell(const Incident& incident) {
  if (!function_) return;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    if (untold_.size() == untold_max) {
      untold_.pop_front();
      ++skipped_;
    }
    untold_.push_back(incident);
    if (in_round_) return;
    in_round_ = true;
  }
  scheduler_.run_blocking(*new Round(shared_from_this()));
}

void IncidentReporter::tell_all() noexcept {
  for (;;) {
    Incident next;
    std::uint64_t skipped = 0;
    {
      const std::lock_guard lock(mutex_);
      if (ended_ || untold_.empty()) {
        in_round_ = false;
        if (round_over_ != nullptr) round_over_->set();
        return;
      }
      next = std::move(untold_.front());
      untold_.pop_front();
      skipped = std::exchange(skipped_, 0);
    }
    if (skipped > 0) log_warning("on_incident is slow: it was not told of {} incidents", skipped);
    try {
      function_(next);
    } catch (const std::exception& error) {
      log_error("on_incident threw: {} (it is called again for the next)", error.what());
    } catch (...) {
      log_error("on_incident threw (it is called again for the next)");
    }
  }
}

void IncidentReporter::end() noexcept {
  constexpr auto patience = std::chrono::seconds(5);
  const std::unique_ptr<detail::Completion> round_over = scheduler_.make_completion();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (!in_round_ || detail::this_thread().scheduler != nullptr) return;
    round_over_ = round_over.get();
  }
  const bool over = round_over->wait_for(patience) != detail::Completion::Waited::not_yet;
  const std::lock_guard lock(mutex_);
  round_over_ = nullptr;
  if (!over) log_error("on_incident has not come back for 5 s; the supervisor ends without it");
}

}  // namespace understudy
