// How a process says to whoever has started it that it needs to be started anew.
#pragma once

namespace understudy {

/// The exit code (EX_SOFTWARE) of a process that cannot go on, though its data is safe: a service manager starts it
/// anew.
inline constexpr int exit_code_start_anew = 70;

}  // namespace understudy
