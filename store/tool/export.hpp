// `understudy export`: the content of a store as a data.json, or as JSON lines. The store must not be in use.
#pragma once

#include <string>

namespace understudy::tool {

struct ExportOptions {
  std::string file = "-";  ///< "-": standard output.
  std::string format;      ///< "json", "jsonl", or empty: the file's name decides.
  std::string directory;
  /// A file of that name is replaced; otherwise it is left alone.
  bool force = false;
};
/// Writes all entries of the store, piece by piece. The file appears under its name when it is complete, and on disk.
/// The exit code: 0; or 1, with a line on standard error: then there is no file.
[[nodiscard]] int export_data(const ExportOptions& options);

}  // namespace understudy::tool
