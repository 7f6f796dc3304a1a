// A recording of what the program did to its data directory, in memory.
#pragma once

#include "process/interposer/recording_format.hpp"
#include "understudy/base/bytes.hpp"

#include <string>
#include <vector>

namespace understudy::process_test {

struct Event {
  EventHead head;
  BytesView text;  ///< Into the recording.
};

class RecordedEvents {
 public:
  /// Reads all of the file. A last event that is not complete, as a kill leaves it, is left out. Throws
  /// std::runtime_error if the file can't be read, or holds what is no recording.
  explicit RecordedEvents(const std::string& path);

  [[nodiscard]] const std::vector<Event>& all() const noexcept { return events_; }

 private:
  Bytes content_;
  std::vector<Event> events_;
};

/// For messages: "written, 613 bytes at 4096".
[[nodiscard]] std::string in_words(const Event& event);

}  // namespace understudy::process_test
