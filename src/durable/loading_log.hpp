// Tells the log how far loading has come: a line a second, once it takes longer than a second.
//
//     loading /var/lib/store: 43 % (430 of 1000 MB, 250 MB/s), 3200000 records
//
// Threads: one uses it.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/journal/journal.hpp"

#include <string>

namespace understudy::durable {

class LoadingLog {
 public:
  /// Both must outlive it. `what` is loaded.
  LoadingLog(const Clock& clock, const std::string& what) noexcept
      : clock_(clock), what_(what), began_(clock.now()), told_(began_) {}
  /// For JournalOptions::on_progress.
  void note(const JournalProgress& progress);

 private:
  const Clock& clock_;
  const std::string& what_;
  const TimePoint began_;
  TimePoint told_;
};

/// The line's text.
[[nodiscard]] std::string loading_in_words(const std::string& what, const JournalProgress& progress, Duration since);

}  // namespace understudy::durable
