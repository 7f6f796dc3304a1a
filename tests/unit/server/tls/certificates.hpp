// Certificates for tests, made by the library that is used to check them: an authority, and what it signs.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include <unistd.h>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace understudy::server {

/// A key and its certificate, as files.
class Certificate {
 public:
  /// Signed by `authority`, or by itself.
  explicit Certificate(std::string_view name, const Certificate* authority = nullptr)
      : file(path(name, "pem")),
        key_file(path(name, "key")),
        key_(EVP_EC_gen("P-256"), EVP_PKEY_free),
        certificate_(X509_new(), X509_free) {
    static long serial = 0;
    X509_set_version(certificate_.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate_.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_.get()), 3600);
    X509_set_pubkey(certificate_.get(), key_.get());
    X509_NAME* own = X509_get_subject_name(certificate_.get());
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what the call takes
    const auto* text = reinterpret_cast<const unsigned char*>(name.data());
    X509_NAME_add_entry_by_txt(own, "CN", MBSTRING_ASC, text, static_cast<int>(name.size()), -1, 0);
    const Certificate& signer = authority == nullptr ? *this : *authority;
    X509_set_issuer_name(certificate_.get(), X509_get_subject_name(signer.certificate_.get()));
    if (authority == nullptr) {
      X509_EXTENSION* may_sign = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
      X509_add_ext(certificate_.get(), may_sign, -1);
      X509_EXTENSION_free(may_sign);
    }
    X509_sign(certificate_.get(), signer.key_.get(), EVP_sha256());
    write(file, [&](FILE* to) { return PEM_write_X509(to, certificate_.get()); });
    write(key_file,
          [&](FILE* to) { return PEM_write_PrivateKey(to, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate() {
    std::remove(file.c_str());
    std::remove(key_file.c_str());
  }

  const std::string file;
  const std::string key_file;

 private:
  static std::string path(std::string_view name, std::string_view ending) {
    return testing::TempDir() + std::string(name) + "-" + std::to_string(::getpid()) + "." + std::string(ending);
  }
  template <typename Write>
  static void write(const std::string& path, Write write) {
    FILE* to = std::fopen(path.c_str(), "w");
    ASSERT_NE(to, nullptr);
    EXPECT_EQ(write(to), 1);
    std::fclose(to);
  }

  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  std::unique_ptr<X509, void (*)(X509*)> certificate_;
};

}  // namespace understudy::server
