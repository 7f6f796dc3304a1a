// What the tools' own files need of the system, and what they say when it refuses.
#pragma once

#include "understudy/base/error.hpp"

#include <string>
#include <string_view>

namespace understudy::tool {

/// storage_failed: "cannot WHAT PATH: why", of the call that has just failed (errno).
[[nodiscard]] std::unexpected<Error> system_failure(std::string_view what, const std::string& path);

/// Makes what was created, renamed and removed in a directory last. Errors: storage_failed.
[[nodiscard]] Result<void> flush_directory(const std::string& path);

}  // namespace understudy::tool
