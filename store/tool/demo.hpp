// `understudy demo`: a supervised store is reset while requests wait, shown with time stamps.
#pragma once

namespace understudy::tool {

/// Runs the demonstration, in a folder of its own that it removes. The program's exit code: 0 only if what it shows
/// held.
[[nodiscard]] int run_demo();

}  // namespace understudy::tool
