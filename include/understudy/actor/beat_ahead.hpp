// Progress, said ahead: for an actor's long step that cannot say `beat()` in between, such as a call of foreign code.
// Copies can (long_copy.hpp): how long they take need not be guessed.
#pragma once

#include "understudy/base/clock.hpp"

namespace understudy {

/// As `beat()`, for what takes up to `ahead` from now: the actor's cutoff counts from its end. The next beat, and the
/// next message, end that. Only inside an actor (checked).
void beat_ahead(Duration ahead);

}  // namespace understudy
