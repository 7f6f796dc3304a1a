// Which calls on the data directory fail, and how: DISK_WATCH_FAULTS holds rules, separated by commas:
//
//     CALL:NTH:TIMES:WHAT     fdatasync:3:1:EIO   write:5:1:short   openat:2:*:ENOSPC
//
// CALL     write (pwrite and the like too), pread, fdatasync, fsync, openat (one that makes a file), renameat,
// unlinkat, ftruncate,
//          fallocate
// NTH      the first that fails: 1 is the first such call on a file of the data directory (fsync: on the directory too)
// TIMES    how many fail, one after the other; * for all from there on
// WHAT     the name of an error: EIO, ENOSPC, EDQUOT, EROFS, EINTR; `short`: a write writes half; `lie`: the call
//          does nothing, and says that all is well
//
// A failed write or flush has done nothing. The first of each rule is told on standard error. Threads: any.
#pragma once

#include <string_view>

namespace understudy::process_test {

enum class FaultKind { none, error, short_write, lie };

struct Fault {
  FaultKind kind = FaultKind::none;
  int error_number = 0;
};

/// Counts the call, and says what is to become of it.
[[nodiscard]] Fault next_fault(std::string_view call);

}  // namespace understudy::process_test
