// TlsIdentity: who the server is to clients that speak TLS, and which of them it believes: what its certificate files
// held when they were last read.
//
// Connections keep what they began with; new ones take what was read last. Files that cannot be used change nothing.
//
// Threads: every member may be called from any thread.
#pragma once

#include "server/tls/tls_options.hpp"
#include "understudy/base/error.hpp"
#include "understudy/runtime/network.hpp"

#include <memory>
#include <mutex>

struct ssl_ctx_st;

namespace understudy::server {

class TlsIdentity {
 public:
  /// The files to read from now on; nothing is read yet.
  void set_options(TlsOptions options);
  [[nodiscard]] TlsOptions options() const;
  /// Reads them. Fails with `invalid_argument`, naming the setting and what is wrong; then what was read before stays.
  Result<void> load();
  /// They have been read once.
  [[nodiscard]] bool loaded() const;
  /// The server's side of TLS over `plain`. Only once they have been read.
  [[nodiscard]] std::unique_ptr<Connection> secure(std::unique_ptr<Connection> plain) const;

 private:
  mutable std::mutex mutex_;
  TlsOptions options_;
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace understudy::server
