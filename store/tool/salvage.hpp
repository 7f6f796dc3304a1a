// `understudy salvage`: a new store from what is whole in a damaged one.
#pragma once

#include <string>

namespace understudy::tool {

/// Reads `from`, changes nothing there, and writes what is whole into `to`, which is made and must hold no journal yet:
/// the newest snapshot as far as it can be read, then every whole record after it. Reports every gap. The exit code: 0
/// nothing was lost; 3 something was; 1 it did not work, and `to` is of no use.
int salvage_data(const std::string& from, const std::string& to);

}  // namespace understudy::tool
