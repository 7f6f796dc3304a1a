// `understudy import` and `understudy export`: data.json into a store, and out of it. The store must not be in use.
//
// Exit codes, of both: 0; or 1, with a line on standard error, when nothing was changed.
#pragma once

#include <string>

namespace understudy::tool {

struct ImportOptions {
  std::string file;  ///< "-": standard input.
  std::string directory;
  /// The store may have keys already; those of the file replace them. Otherwise it must be empty.
  bool overwrite = false;
};
/// Puts all entries of a data.json into the store, as one change: after a crash all are there, or none. The file is
/// checked to its end before the store is opened.
[[nodiscard]] int import_data(const ImportOptions& options);

struct ExportOptions {
  std::string file = "-";  ///< "-": standard output.
  std::string directory;
  /// A file of that name is replaced; otherwise it is left alone.
  bool force = false;
};
/// Writes all entries of the store as a data.json. The file appears under its name when it is complete, and on disk.
[[nodiscard]] int export_data(const ExportOptions& options);

}  // namespace understudy::tool
