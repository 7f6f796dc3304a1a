// `understudy backup` and `understudy restore`: a copy of a data directory, of a running store too, and back.
//
// Exit codes, of both: 0; or 1, with a line on standard error: then nothing was made, and nothing changed.
#pragma once

#include <string>

namespace understudy::tool {

/// Copies the data directory `from`, which may be in use, to `to`, which is made: everything that was acknowledged
/// before the call, up to a whole batch of the journal. Checks all that it copies. `to` appears under its name when it
/// is complete and on the disk.
[[nodiscard]] int back_up(const std::string& from, const std::string& to);

struct RestoreOptions {
  std::string backup;
  std::string directory;
  /// A directory that holds files is renamed, and kept. Otherwise it is an error.
  bool move_aside = false;
};
/// Copies a backup to a data directory that a server can be started on. The backup is read to its end and checked, and
/// must hold exactly what `back_up` has put there.
[[nodiscard]] int restore(const RestoreOptions& options);

}  // namespace understudy::tool
