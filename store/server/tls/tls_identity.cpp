#include "server/tls/tls_identity.hpp"

#include "server/tls/tls_connection.hpp"
#include "server/tls/tls_error.hpp"

#include <array>
#include <string_view>

#include <fmt/format.h>
#include <openssl/ssl.h>

namespace understudy::server {
namespace {

std::unexpected<Error> file_failure(std::string_view setting, std::string_view file) {
  return failure(ErrorCode::invalid_argument, fmt::format("{} '{}': {}", setting, file, take_tls_error()));
}

/// A key in a file that asks for a password is refused: there is nobody to type it.
int no_password(char*, int, int, void*) { return 0; }

Result<void> believe(SSL_CTX& context, const TlsOptions& options) {
  if (!options.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(&context, options.ca_file.c_str(), nullptr) != 1)
      return file_failure("tls-ca-cert-file", options.ca_file);
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(options.ca_file.c_str());
    if (names == nullptr) return file_failure("tls-ca-cert-file", options.ca_file);
    SSL_CTX_set_client_CA_list(&context, names);  // Takes them.
  }
  if (options.clients == TlsClients::no) return {};
  if (options.ca_file.empty()) {
    return failure(ErrorCode::invalid_argument,
                   "tls-ca-cert-file is needed to know whose clients are believed, unless tls-auth-clients is 'no'");
  }
  const int needed = options.clients == TlsClients::yes ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | needed, nullptr);
  return {};
}

Result<std::shared_ptr<SSL_CTX>> read_files(const TlsOptions& options) {
  take_tls_error();
  if (options.certificate_file.empty())
    return failure(ErrorCode::invalid_argument, "tls-cert-file is needed for a port that speaks TLS");
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) return failure(ErrorCode::invalid_argument, take_tls_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A connection that waits keeps no buffers.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  // Sessions are resumed by tickets, which cost no memory here. Their keys are of this context alone: a client that was
  // believed before the files were read anew has to show its certificate again.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  constexpr std::array<unsigned char, 10> name{'u', 'n', 'd', 'e', 'r', 's', 't', 'u', 'd', 'y'};
  SSL_CTX_set_session_id_context(context.get(), name.data(), name.size());
  SSL_CTX_set_default_passwd_cb(context.get(), no_password);
  const std::string& key_file = options.key_file.empty() ? options.certificate_file : options.key_file;
  if (SSL_CTX_use_certificate_chain_file(context.get(), options.certificate_file.c_str()) != 1)
    return file_failure("tls-cert-file", options.certificate_file);
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1)
    return file_failure("tls-key-file", key_file);
  const Result<void> believed = believe(*context, options);
  if (!believed) return std::unexpected(believed.error());
  return context;
}

}  // namespace

void TlsIdentity::set_options(TlsOptions options) {
  const std::scoped_lock lock(mutex_);
  options_ = std::move(options);
}

TlsOptions TlsIdentity::options() const {
  const std::scoped_lock lock(mutex_);
  return options_;
}

Result<void> TlsIdentity::load() {
  Result<std::shared_ptr<SSL_CTX>> read = read_files(options());
  if (!read) return std::unexpected(read.error());
  const std::scoped_lock lock(mutex_);
  context_ = std::move(*read);
  return {};
}

bool TlsIdentity::loaded() const {
  const std::scoped_lock lock(mutex_);
  return context_ != nullptr;
}

std::unique_ptr<Connection> TlsIdentity::secure(std::unique_ptr<Connection> plain) const {
  const std::scoped_lock lock(mutex_);
  return std::make_unique<TlsConnection>(*context_, std::move(plain));
}

}  // namespace understudy::server
