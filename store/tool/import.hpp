// `understudy import`: a data.json, or JSON lines, into a store. The store must not be in use.
#pragma once

#include <string>

namespace understudy::tool {

struct ImportOptions {
  std::string file;    ///< "-": standard input.
  std::string format;  ///< "json", "jsonl", or empty: the file's name decides.
  std::string directory;
  /// The store may have keys already; those of the file replace them. Otherwise it must be empty.
  bool overwrite = false;
};
/// Puts all entries of the file into the store, some hundred at a time, each time as one change. Into a directory that
/// is not there or empty: all or nothing. A file is read and checked to its end before a store that is there is
/// changed; standard input is not, so an error may come after a part has been imported. What was imported is told. The
/// exit code: 0; or 1, with a line on standard error, that says how much was imported if anything was.
[[nodiscard]] int import_data(const ImportOptions& options);

}  // namespace understudy::tool
