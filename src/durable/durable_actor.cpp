#include "understudy/durable/durable_actor.hpp"

#include "understudy/base/logging.hpp"

#include <fmt/format.h>

namespace understudy::detail {

void report_refusal(const Error& reason) {
  log_line(LogLevel::error, fmt::format("{} cannot have its state back, and refuses every message: {}",
                                        this_actor().path, reason.message()));
}

}  // namespace understudy::detail
