// Attacks: TLS over a simulated network, whose pieces and delays are drawn from a seed: every byte arrives, in order,
// and nothing but TLS gets in.
#include "server/tls/tls_connection.hpp"

#include "server/tls/tls_identity.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "unit/server/tls/certificates.hpp"

#include <array>
#include <memory>
#include <string>

#include <openssl/ssl.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

/// The client's side, over a connection that it borrows.
class Peer {
 public:
  explicit Peer(Connection& plain, const Certificate* shown = nullptr)
      : plain_(plain), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    if (shown != nullptr) {
      SSL_CTX_use_certificate_file(context_.get(), shown->file.c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context_.get(), shown->key_file.c_str(), SSL_FILETYPE_PEM);
    }
    tls_ = SSL_new(context_.get());
    SSL_set_bio(tls_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(tls_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { SSL_free(tls_); }

  /// Sends `said`, and reads until `expected` bytes have come or the other side ends.
  Task<std::string> converse(std::string said, std::size_t expected) {
    std::size_t sent = 0;
    std::string received;
    while (received.size() < expected) {
      // No further ahead than what the network holds: the other side answers as it reads.
      if (sent < said.size() && sent - received.size() < 20'000) {
        const int count =
            SSL_write(tls_, said.data() + sent, static_cast<int>(std::min<std::size_t>(said.size() - sent, 5000)));
        if (count > 0) sent += static_cast<std::size_t>(count);
        Task<bool> sending = send();
        if (!co_await std::move(sending)) break;
        if (count > 0) continue;
      }
      std::array<char, 700> piece{};
      const int count = SSL_read(tls_, piece.data(), piece.size());
      if (count > 0) {
        received.append(piece.data(), static_cast<std::size_t>(count));
        continue;
      }
      Task<bool> sending = send();
      if (!co_await std::move(sending)) break;
      Task<Result<std::size_t>> reading = plain_.read_some(piece);
      const Result<std::size_t> got = co_await std::move(reading);
      if (!got || *got == 0) break;
      BIO_write(SSL_get_rbio(tls_), piece.data(), static_cast<int>(*got));
    }
    co_return received;
  }

 private:
  Task<bool> send() {
    std::string out(BIO_ctrl_pending(SSL_get_wbio(tls_)), '\0');
    if (out.empty()) co_return true;
    BIO_read(SSL_get_wbio(tls_), out.data(), static_cast<int>(out.size()));
    Task<Result<void>> writing = plain_.write_all(out);
    const Result<void> written = co_await std::move(writing);
    co_return written.has_value();
  }

  Connection& plain_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  SSL* tls_ = nullptr;
};

/// Gives back what it hears until the other side ends; what ended it.
Task<Result<void>> echo(std::unique_ptr<Connection> connection, bool& established) {
  std::array<char, 3000> piece{};
  for (;;) {
    Task<Result<std::size_t>> reading = connection->read_some(piece);
    const Result<std::size_t> count = co_await std::move(reading);
    established = connection->established();
    if (!count) co_return std::unexpected(count.error());
    if (*count == 0) co_return Result<void>{};
    Task<Result<void>> writing = connection->write_all({piece.data(), *count});
    const Result<void> written = co_await std::move(writing);
    if (!written) co_return written;
  }
}

class TlsTest : public testing::Test {
 protected:
  TlsOptions options(TlsClients clients = TlsClients::no) const {
    return {
        .certificate_file = server_.file, .key_file = server_.key_file, .ca_file = authority_.file, .clients = clients};
  }

  struct Outcome {
    std::string received;
    bool established = false;
    bool failed = false;
  };
  /// One conversation under `seed`.
  Outcome talk(std::uint64_t seed, const std::string& said, TlsClients clients = TlsClients::no,
               const Certificate* shown = nullptr) {
    TlsIdentity identity;
    identity.set_options(options(clients));
    EXPECT_TRUE(identity.load());
    SimulatedSystem simulation(seed);
    System& system = simulation.system();
    auto [client, server] = connect(system);
    Outcome outcome;
    TaskGroup serving(system);
    serving.spawn([](std::unique_ptr<Connection> own, Outcome& seen) -> Task<> {
      Task<Result<void>> echoing = echo(std::move(own), seen.established);
      const Result<void> done = co_await std::move(echoing);
      seen.failed = !done;
    }(identity.secure(std::move(server)), outcome));
    Peer peer(*client, shown);
    outcome.received = wait(system, peer.converse(said, said.size())).value_or("?");
    client.reset();
    EXPECT_TRUE(wait(system, serving.join()));
    return outcome;
  }

  static std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(System& system) {
    const auto listener = system.network().listen("127.0.0.1", 0).value();
    auto client = wait(system, system.network().connect("127.0.0.1", listener->port())).value();
    auto server = wait(system, listener->accept()).value();
    return {std::move(client), std::move(server)};
  }

  Certificate authority_{"authority"};
  Certificate server_{"server", &authority_};
};

TEST_F(TlsTest, EveryByteArrivesInOrder) {
  std::string said(150'000, '\0');
  for (std::size_t i = 0; i < said.size(); ++i) said[i] = static_cast<char>(i * 31 + i / 251);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Outcome outcome = talk(seed, said);
    EXPECT_TRUE(outcome.received == said) << "seed " << seed << ": " << outcome.received.size();
    EXPECT_TRUE(outcome.established);
    EXPECT_FALSE(outcome.failed);
  }
}

TEST_F(TlsTest, WhoMustShowACertificateAndDoesNotIsRefused) {
  const Certificate believed("believed", &authority_);
  const Certificate stranger("stranger");
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(talk(seed, "hello", TlsClients::yes, &believed).received, "hello");
    for (const Certificate* shown : {static_cast<const Certificate*>(nullptr), &stranger}) {
      const Outcome refused = talk(seed, "hello", TlsClients::yes, shown);
      EXPECT_EQ(refused.received, "");
      EXPECT_TRUE(refused.failed);
      EXPECT_FALSE(refused.established);
    }
    EXPECT_EQ(talk(seed, "hello", TlsClients::optional).received, "hello");
    EXPECT_EQ(talk(seed, "hello", TlsClients::optional, &stranger).received, "");
    EXPECT_EQ(talk(seed, "hello", TlsClients::no, &stranger).received, "hello");
  }
}

TEST_F(TlsTest, PlainTextEndsIt) {
  TlsIdentity identity;
  identity.set_options(options());
  ASSERT_TRUE(identity.load());
  for (const std::string said : {"PING\r\n", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01", ""}) {
    SimulatedSystem simulation(7);
    System& system = simulation.system();
    auto [client, server] = connect(system);
    bool established = false;
    ASSERT_TRUE(wait(system, client->write_all(said)));
    client.reset();
    const auto done = wait(system, echo(identity.secure(std::move(server)), established));
    EXPECT_FALSE(done) << said;
    EXPECT_FALSE(established);
  }
}

}  // namespace
}  // namespace understudy::server
