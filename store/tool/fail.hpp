// How a tool says that it could not do what it was asked for.
#pragma once

#include "understudy/base/error.hpp"

#include <string_view>

namespace understudy::tool {

/// Says so on standard error. 1, the exit code for it.
int fail(std::string_view message);
int fail(const Error& error);
/// `code`, once all that was printed has got where standard output goes. If it has not: says so, and 1.
int end_of_output(int code);

}  // namespace understudy::tool
