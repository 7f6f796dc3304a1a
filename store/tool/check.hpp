// `understudy check`: verifies all files of a data directory, and changes nothing.
#pragma once

#include <string>

namespace understudy::tool {

/// Prints what each file holds, each damage, and what a start would do. The exit code: 0 all is well (a torn tail is),
/// 1 it is not, or could not be read.
int check_data(const std::string& directory);

}  // namespace understudy::tool
