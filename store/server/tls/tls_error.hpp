// What OpenSSL says went wrong on this thread.
#pragma once

#include <string>

namespace understudy::server {

/// The first error of its queue, which is cleared; a word for none.
std::string take_tls_error();

}  // namespace understudy::server
