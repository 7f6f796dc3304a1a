// Shows on standard error how far something long has come: on a terminal in one line that is written over, elsewhere in
// a line a second, once it takes longer than a second.
//
//     backup: 43 % (430 of 1000 MB, 250 MB/s), 3200000 records
//
// Threads: one uses it.
#pragma once

#include "understudy/base/clock.hpp"

#include <cstdint>
#include <string>

namespace understudy::tool {

struct ProgressNumbers {
  std::uint64_t bytes = 0;
  std::uint64_t bytes_total = 0;  ///< 0: not known.
  std::uint64_t records = 0;
  std::uint64_t records_total = 0;  ///< 0: not known. Counts where the total of the bytes is not known.
};

class ProgressLine {
 public:
  explicit ProgressLine(std::string what);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  /// Takes the line away from the terminal.
  ~ProgressLine();
  /// May be called as often as one likes.
  void note(const ProgressNumbers& numbers);

 private:
  const std::string what_;
  const bool terminal_;
  const TimePoint began_;
  TimePoint told_;
  bool shown_ = false;
};

/// The line's text.
[[nodiscard]] std::string progress_in_words(const ProgressNumbers& numbers, Duration since);

}  // namespace understudy::tool
