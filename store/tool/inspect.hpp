// `understudy inspect`: shows the records of a data directory.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace understudy::tool {

struct InspectOptions {
  std::string directory;
  bool json = false;  ///< A JSON object a line; otherwise for people.
  std::uint64_t from = 0;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
};

/// Prints the whole records with an LSN from `from` to `to`, and the damages between them. The exit code: 0; 1 if there
/// was damage, or something could not be read.
int inspect_data(const InspectOptions& options);

}  // namespace understudy::tool
