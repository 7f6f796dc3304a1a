// Attacks: files that cannot be used leave what was read before in use, and the error says which file it was.
#include "server/tls/tls_identity.hpp"

#include "unit/server/tls/certificates.hpp"

#include <fstream>
#include <string>

namespace understudy::server {
namespace {

TEST(TlsIdentity, BadFilesChangeNothingAndAreNamed) {
  const Certificate authority("authority");
  const Certificate server("server", &authority);
  const Certificate other("other", &authority);
  const std::string nonsense = testing::TempDir() + "nonsense-" + std::to_string(::getpid());
  std::ofstream(nonsense) << "no certificate\n";
  const TlsOptions good{.certificate_file = server.file,
                        .key_file = server.key_file,
                        .ca_file = authority.file,
                        .clients = TlsClients::yes};
  TlsIdentity identity;
  EXPECT_FALSE(identity.loaded());
  EXPECT_FALSE(identity.load());
  identity.set_options(good);
  EXPECT_FALSE(identity.loaded());
  ASSERT_TRUE(identity.load());
  EXPECT_TRUE(identity.loaded());

  const auto fails = [&](auto change, const std::string& named) {
    TlsOptions bad = good;
    change(bad);
    identity.set_options(bad);
    const Result<void> read = identity.load();
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), ErrorCode::invalid_argument);
    EXPECT_NE(read.error().message().find(named), std::string::npos) << read.error().message();
    EXPECT_TRUE(identity.loaded());
  };
  fails([](TlsOptions& bad) { bad.certificate_file = "/no/such/file"; }, "tls-cert-file '/no/such/file': No such file");
  fails([&](TlsOptions& bad) { bad.certificate_file = nonsense; }, nonsense);
  fails([](TlsOptions& bad) { bad.certificate_file.clear(); }, "tls-cert-file");
  fails([&](TlsOptions& bad) { bad.key_file = other.key_file; }, other.key_file);
  fails([](TlsOptions& bad) { bad.key_file = "/no/such/file"; }, "tls-key-file '/no/such/file'");
  fails([&](TlsOptions& bad) { bad.ca_file = nonsense; }, nonsense);
  fails([](TlsOptions& bad) { bad.ca_file.clear(); }, "tls-ca-cert-file");
  identity.set_options(good);
  EXPECT_TRUE(identity.load());
  std::remove(nonsense.c_str());
}

}  // namespace
}  // namespace understudy::server
