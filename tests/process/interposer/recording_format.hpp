// What the interposed library writes down, and crash_states reads: one event after another, in the order in which they
// happened. Each is an EventHead and `text_bytes` bytes of text. Both programs run on one machine: native byte order.
#pragma once

#include <cstdint>

namespace understudy::process_test {

enum class EventKind : std::uint32_t {
  process_begins = 1,       ///< A life of the program: every descriptor of the one before is gone.
  directory_made,           ///< The data directory.
  directory_entry_flushed,  ///< The folder that the data directory stands in was flushed.
  file_made,                ///< file; text: its name.
  file_renamed,             ///< text: the old name, a zero byte, the new name.
  file_removed,             ///< text: its name.
  written,                  ///< file, offset; text: the bytes that were written.
  resized,                  ///< file, size.
  reserved,                 ///< file, offset, size: room on the disk; the file is that long from here on.
  flush_begins,             ///< file, thread.
  flushed,                  ///< file, thread: the flush that this thread has begun has ended well.
  flush_failed,             ///< file, thread.
  cache_forgotten,          ///< file: what is read from now on is what the disk has.
  directory_flush_begins,   ///< thread.
  directory_flushed,        ///< thread.
  directory_flush_failed,   ///< thread.
  replied,                  ///< file: the port of the client; size: bytes that were sent to it.
  not_understood,           ///< text: a call that changes files in a way nobody has thought of here.
};

struct EventHead {
  EventKind kind{};
  std::uint32_t text_bytes = 0;
  std::uint64_t file = 0;  ///< Its inode: that of another file only once this one was removed and closed.
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t thread = 0;
};
static_assert(sizeof(EventHead) == 40);

}  // namespace understudy::process_test
