// Attacks: it listens where it was told, on all of it or on nothing.
#include "server/listeners.hpp"

#include "understudy/actor/system.hpp"
#include "understudy/simulation/simulated_system.hpp"

#include <string>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

ServerOptions options_for(const std::string& bind) {
  ServerOptions options;
  options.bind = bind;
  options.port = 0;
  return options;
}

TEST(Listeners, OnePortOnEveryAddress) {
  System system({.workers = 1});
  const Result<Listeners> opened = open_listeners(system.network(), options_for(" 127.0.0.1  127.0.0.2 "));
  ASSERT_TRUE(opened) << opened.error().message();
  ASSERT_EQ(opened->all.size(), 2U);
  EXPECT_NE(opened->port, 0);
  EXPECT_EQ(opened->tls_port, 0);
  EXPECT_EQ(opened->all[0].listener->port(), opened->port);
  EXPECT_EQ(opened->all[1].listener->port(), opened->port);
  const std::string port = std::to_string(opened->port);
  EXPECT_EQ(opened->description, "127.0.0.1:" + port + ", 127.0.0.2:" + port);
}

TEST(Listeners, AnAddressThatMayBeMissing) {
  System system({.workers = 1});
  const Result<Listeners> opened = open_listeners(system.network(), options_for("127.0.0.1 -192.0.2.99"));
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->all.size(), 1U);
  const Result<Listeners> needed = open_listeners(system.network(), options_for("127.0.0.1 192.0.2.99"));
  ASSERT_FALSE(needed);
  EXPECT_EQ(needed.error(), ErrorCode::storage_failed);
  // A port that is taken is no missing address.
  ServerOptions taken = options_for("-127.0.0.1");
  taken.port = opened->port;
  EXPECT_FALSE(open_listeners(system.network(), taken));
  const Result<Listeners> none = open_listeners(system.network(), options_for("-192.0.2.99"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(), ErrorCode::invalid_argument);
  EXPECT_FALSE(open_listeners(system.network(), options_for("localhost")));
}

TEST(Listeners, PortsForTlsAndAFileBesideThePlainOne) {
  SimulatedSystem simulation(1);
  ServerOptions options = options_for("127.0.0.1");
  options.tls_port = 7000;
  options.unix_socket = "/run/understudy.sock";
  const Result<Listeners> opened = open_listeners(simulation.system().network(), options);
  ASSERT_TRUE(opened) << opened.error().message();
  ASSERT_EQ(opened->all.size(), 3U);
  EXPECT_FALSE(opened->all[0].speaks_tls);
  EXPECT_TRUE(opened->all[1].speaks_tls);
  EXPECT_FALSE(opened->all[2].speaks_tls);
  EXPECT_EQ(opened->description,
            "127.0.0.1:" + std::to_string(opened->port) + ", tls 127.0.0.1:7000, unix /run/understudy.sock");
}

}  // namespace
}  // namespace understudy::server
