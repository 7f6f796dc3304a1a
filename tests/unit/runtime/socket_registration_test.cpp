// Attacks: the kernel refuses to watch a socket: whoever would wait for it gets an error, and does not hang; handles of
// our own are not inherited by programs that are started.
#include "support/runtimes.hpp"
#include "understudy/runtime/network.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

/// From now on no socket can be added to an epoll by the calling thread: as if the limit of watches were reached.
bool refuse_watches() {
  std::array<sock_filter, 6> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_ctl, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, EPOLL_CTL_ADD, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// Runs `body(system)` in a loop on a thread that may watch no more sockets.
template <typename Body>
void without_watches(Body body) {
  bool refused = false;
  std::thread([&] {
    boost::asio::io_context loop;
    System system(embedded_in(loop));
    refused = refuse_watches();
    if (refused) body(system);
  }).join();
  if (!refused) GTEST_SKIP() << "no filters for system calls here";
}

std::string socket_path() { return std::filesystem::temp_directory_path() / ("us-" + std::to_string(::getpid())); }

Task<Result<void>> write_much(Connection& connection) {
  const std::string much(100'000'000, 'x');
  co_return co_await connection.write_all(much);
}

TEST(SocketRegistration, AnAcceptThatCannotWaitFails) {
  without_watches([](System& system) {
    const auto listener = system.network().listen("127.0.0.1", 0).value();
    const auto accepted = wait(system, listener->accept());
    ASSERT_FALSE(accepted);
    EXPECT_TRUE(accepted.error().message().contains("No space left")) << accepted.error().message();
  });
}

TEST(SocketRegistration, AReadAndAWriteThatCannotWaitFail) {
  without_watches([](System& system) {
    const std::string path = socket_path();
    const auto listener = system.network().listen_on_file(path, 0600).value();
    const auto connection = wait(system, system.network().connect_to_file(path)).value();
    std::array<char, 10> bytes{};
    EXPECT_FALSE(wait(system, connection->read_some(bytes)));
    EXPECT_FALSE(wait(system, write_much(*connection)));
  });
}

TEST(SocketRegistration, AConnectThatCannotWaitFails) {
  without_watches([](System& system) {
    // Nobody accepts, and the queue is full: the next one gets no answer.
    const int full = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(full, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(full, 0), 0);
    ASSERT_EQ(::getsockname(full, reinterpret_cast<sockaddr*>(&address), &size), 0);
    std::vector<int> waiting;
    for (int i = 0; i < 8; ++i) {
      waiting.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)::connect(waiting.back(), reinterpret_cast<sockaddr*>(&address), size);
    }
    EXPECT_FALSE(wait(system, system.network().connect("127.0.0.1", ntohs(address.sin_port))));
    for (const int handle : waiting) ::close(handle);
    ::close(full);
  });
}

TEST(SocketRegistration, NoHandleOfAnEmbeddedSystemIsInherited) {
  boost::asio::io_context loop;
  const System system(embedded_in(loop));
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::filesystem::path target = std::filesystem::read_symlink(entry.path(), gone);
    if (gone || !target.string().contains("eventpoll")) continue;
    ++seen;
    EXPECT_NE(::fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC, 0) << entry.path();
  }
  EXPECT_GE(seen, 2);
}

}  // namespace
}  // namespace understudy::test
