// `understudy demo`: a supervised store is reset while requests wait, shown with time stamps. `understudy demo stuck`:
// actors that do not come back.
#pragma once

namespace understudy::tool {

/// Runs the demonstration, in a folder of its own that it removes. The program's exit code: 0 only if what it shows
/// held.
[[nodiscard]] int run_demo();
/// The other demonstration: actors that spin, block, crash and wait in a circle are found and replaced.
[[nodiscard]] int run_demo_stuck();

}  // namespace understudy::tool
