// What TLS is set up with: names of files in PEM form, and whom it believes.
#pragma once

#include <cstdint>
#include <string>

namespace understudy::server {

/// Whether a client has to show a certificate that one of `ca_file` has signed.
enum class TlsClients : std::uint8_t {
  no,        ///< It is not asked for one.
  optional,  ///< It may show none; one that it shows must be good.
  yes,
};

struct TlsOptions {
  /// The server's certificate, with those between it and its authority behind it; and its private key.
  std::string certificate_file = {};
  std::string key_file = {};
  /// The authorities whose clients are believed.
  std::string ca_file = {};
  TlsClients clients = TlsClients::yes;
};

}  // namespace understudy::server
