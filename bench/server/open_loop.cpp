#include "open_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <linux/net_tstamp.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void refuse(std::string_view what) {
  throw std::runtime_error(fmt::format("cannot {}: {}", what, std::strerror(errno)));
}

/// The length of the first reply in `bytes`; none if it is not complete.
std::optional<std::size_t> reply_length(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  if (bytes.front() == '-') throw std::runtime_error(fmt::format("the server says: {}", bytes.substr(1, end - 1)));
  if (bytes.front() != '$' || bytes[1] == '-') return end + 2;
  const std::size_t length = end + 2 + std::stoul(std::string(bytes.substr(1, end - 1))) + 2;
  return bytes.size() >= length ? std::optional(length) : std::nullopt;
}

/// When what was read last has come to this side, by the kernel's stamp: an answer is there although this program,
/// which is one thread with much to do, comes to read it later.
Clock::time_point arrival_of(msghdr& message) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_TIMESTAMPING) continue;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(each), sizeof stamp);
    if (stamp.tv_sec == 0) break;
    const auto arrived = std::chrono::seconds(stamp.tv_sec) + std::chrono::nanoseconds(stamp.tv_nsec);
    // One clock's time in the other's: once more if something came between the two looks.
    for (;;) {
      const Clock::time_point now = Clock::now();
      const auto ago = std::chrono::system_clock::now().time_since_epoch() - arrived;
      if (Clock::now() - now < std::chrono::microseconds(2))
        return now - std::chrono::duration_cast<Clock::duration>(ago);
    }
  }
  return Clock::now();  // The first ones may have none: the kernel begins to stamp when it finds the time.
}

/// In microseconds, one of each command.
struct Times {
  std::vector<double> from_sent;
  std::vector<double> from_due;
  std::vector<double> late;
};

double microseconds(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

class Connection {
 public:
  explicit Connection(std::uint16_t port) : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (handle_ < 0 || ::connect(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      refuse("connect to the server");
    }
    const int yes = 1;
    ::setsockopt(handle_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const unsigned stamps = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    if (::setsockopt(handle_, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) != 0) refuse("have stamps");
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(handle_); }

  [[nodiscard]] int handle() const noexcept { return handle_; }
  /// Notes how late it is. Of a request that has to wait here because the server reads too slowly, the wait is the
  /// server's.
  void send(std::string_view request, Clock::time_point due, Times& times) {
    asked_.push_back({.due = due, .sent = Clock::now()});
    times.late.push_back(microseconds(asked_.back().sent - due));
    unsent_ += request;
    flush();
  }
  void flush() {
    while (!unsent_.empty()) {
      const ssize_t count = ::send(handle_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) return;
      if (count < 0) refuse("send");
      unsent_.erase(0, static_cast<std::size_t>(count));
    }
  }
  [[nodiscard]] bool has_unsent() const noexcept { return !unsent_.empty(); }
  /// Notes the time of each answer that has come. `piece`: for what it reads, whatever is in there.
  void receive(std::span<char> piece, Times& times) {
    iovec where{.iov_base = piece.data(), .iov_len = piece.size()};
    alignas(cmsghdr) std::array<char, 256> beside;
    msghdr message{};
    message.msg_iov = &where;
    message.msg_iovlen = 1;
    message.msg_control = beside.data();
    message.msg_controllen = beside.size();
    const ssize_t count = ::recvmsg(handle_, &message, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) refuse("receive");
    received_.append(piece.data(), static_cast<std::size_t>(count));
    const Clock::time_point arrived = arrival_of(message);
    std::string_view rest = received_;
    while (!rest.empty()) {
      const std::optional<std::size_t> length = reply_length(rest);
      if (!length) break;
      rest.remove_prefix(*length);
      times.from_sent.push_back(microseconds(arrived - asked_.front().sent));
      times.from_due.push_back(microseconds(arrived - asked_.front().due));
      asked_.pop_front();
    }
    received_.erase(0, received_.size() - rest.size());
  }

 private:
  int handle_;
  struct Asked {
    Clock::time_point due;
    Clock::time_point sent;
  };
  std::deque<Asked> asked_;  // What has not been answered.
  std::string unsent_;
  std::string received_;
};

class OpenLoop {
 public:
  explicit OpenLoop(const OpenLoopOptions& options) : options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) refuse("make an epoll");
    for (std::uint32_t i = 0; i < options.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(options.port));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = connections_.back().get();
      if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back()->handle(), &event) != 0) refuse("watch a socket");
    }
    value_.assign(options.value_bytes, 'x');
  }
  OpenLoop(const OpenLoop&) = delete;
  OpenLoop& operator=(const OpenLoop&) = delete;
  ~OpenLoop() { ::close(epoll_); }

  OpenLoopResult run() {
    constexpr std::chrono::seconds patience(30);
    const auto gap = std::chrono::duration<double>(1 / options_.rate);
    const auto count = static_cast<std::uint64_t>(options_.rate * options_.seconds);
    for (std::vector<double>* each : {&times_.from_sent, &times_.from_due, &times_.late}) each->reserve(count);
    const Clock::time_point begin = Clock::now();
    const auto due_of = [&](std::uint64_t number) {
      return begin + std::chrono::duration_cast<Clock::duration>(gap * static_cast<double>(number));
    };
    std::uint64_t sent = 0;
    const Clock::time_point end = due_of(count) + patience;
    while (times_.from_sent.size() < count && Clock::now() < end) {
      for (Clock::time_point now = Clock::now(); sent < count && due_of(sent) <= now; ++sent) {
        connections_[sent % connections_.size()]->send(request(), due_of(sent), times_);
      }
      wait_until(sent < count ? due_of(sent) : Clock::now() + std::chrono::milliseconds(100));
    }
    OpenLoopResult result{.sent = sent, .answered = times_.from_sent.size()};
    if (times_.from_sent.empty()) return result;
    result.rate = static_cast<double>(result.answered) / std::chrono::duration<double>(Clock::now() - begin).count();
    for (std::vector<double>* each : {&times_.from_sent, &times_.from_due, &times_.late}) std::ranges::sort(*each);
    result.p50_us = at(times_.from_sent, 0.5);
    result.p95_us = at(times_.from_sent, 0.95);
    result.p99_us = at(times_.from_sent, 0.99);
    result.p999_us = at(times_.from_sent, 0.999);
    result.worst_us = times_.from_sent.back();
    result.due_p99_us = at(times_.from_due, 0.99);
    result.late_p99_us = at(times_.late, 0.99);
    return result;
  }

 private:
  static double at(const std::vector<double>& sorted, double part) {
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
  }
  std::string request() {
    const std::string key = fmt::format("key:{:012}", random_() % options_.keys);
    if (options_.command == "get") return fmt::format("*2\r\n$3\r\nGET\r\n$16\r\n{}\r\n", key);
    return fmt::format("*3\r\n$3\r\nSET\r\n$16\r\n{}\r\n${}\r\n{}\r\n", key, value_.size(), value_);
  }
  void wait_until(Clock::time_point moment) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(moment - Clock::now()).count();
    constexpr std::int64_t second = 1'000'000'000;
    const timespec timeout{.tv_sec = std::max<std::int64_t>(left, 0) / second,
                           .tv_nsec = std::max<std::int64_t>(left, 0) % second};
    std::array<epoll_event, 64> events{};
    const int ready = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < ready; ++i) {
      static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr)->receive(piece_, times_);
    }
    for (const auto& connection : connections_) {
      if (connection->has_unsent()) connection->flush();
    }
  }

  OpenLoopOptions options_;
  int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::string value_;
  std::vector<char> piece_ = std::vector<char>(65'536);
  std::mt19937_64 random_{1};
  Times times_;
};

}  // namespace

OpenLoopResult run_open_loop(const OpenLoopOptions& options) { return OpenLoop(options).run(); }

}  // namespace bench
