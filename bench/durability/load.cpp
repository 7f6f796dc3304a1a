// Clients of a server that speaks the Redis protocol, in one thread: some keep it busy with SETs, as fast as it
// answers; one more sends a SET every so often whatever happens, and counts each from when it was due, so that a pause
// of the server is seen by all that it delays. Phases are named on standard input, a line each; what was sent in a
// phase is summed up under its name.
#include "workloads.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <fmt/format.h>

namespace bench {
namespace {

using Clock = WriterLog::Clock;

[[noreturn]] void refuse(std::string_view what) {
  throw std::runtime_error(fmt::format("cannot {}: {}", what, std::strerror(errno)));
}

/// Makes requests: keys in order or at random, and a new value each time, of letters at random: six bits a byte.
class Requests {
 public:
  explicit Requests(const LoadOptions& options)
      : keys_(options.keys),
        value_bytes_(options.value_bytes),
        before_value_(fmt::format("\r\n${}\r\n", options.value_bytes)) {}
  void append_random(std::string& out) { append(out, random_() % keys_); }
  void append(std::string& out, std::uint64_t key) {
    out += "*3\r\n$3\r\nSET\r\n$16\r\n";
    out += key_of(key);
    out += before_value_;
    std::uint64_t bits = 0;
    for (std::uint32_t at = 0; at < value_bytes_; ++at, bits >>= 6U) {
      if (at % letters_a_draw == 0) bits = random_();
      out += letters[bits & 63U];
    }
    out += "\r\n";
  }

 private:
  static constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
  static constexpr std::uint32_t letters_a_draw = 10;

  std::uint64_t keys_;
  std::uint32_t value_bytes_;
  std::string before_value_;
  std::mt19937_64 random_{1};
};

/// A connection, and how many replies it waits for.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what the call takes
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) refuse("connect");
    const int yes = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(socket_); }

  [[nodiscard]] int socket() const noexcept { return socket_; }
  /// Small enough for the socket's buffer: it does not wait.
  void send(std::string_view bytes, std::uint32_t requests) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EINTR) refuse("send");
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    awaited_ += requests;
  }
  /// Replies that have come, of those that are awaited.
  std::uint32_t receive() {
    std::array<char, 1U << 16U> buffer;
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got < 0) refuse("receive");
    if (got == 0) throw std::runtime_error("the server has closed the connection");
    std::uint32_t replies = 0;
    for (const char each : std::string_view(buffer.data(), static_cast<std::size_t>(got))) {
      line_ += each;
      if (each != '\n') continue;
      if (line_ != "+OK\r\n") throw std::runtime_error("the server says: " + line_);
      line_.clear();
      ++replies;
    }
    if (replies > awaited_) throw std::runtime_error("the server has answered more than it was asked");
    awaited_ -= replies;
    return replies;
  }
  [[nodiscard]] std::uint32_t awaited() const noexcept { return awaited_; }

  Clock::time_point sent;  ///< When the requests under way were sent.
  std::size_t phase = 0;   ///< And in which phase.

 private:
  int socket_;
  std::uint32_t awaited_ = 0;
  std::string line_;
};

struct Phase {
  std::string name;
  Clock::time_point begin;
  double seconds = 0;
  std::uint64_t operations = 0;
  std::vector<float> load_us;
  std::vector<float> probe_us;
};

class Load {
 public:
  explicit Load(const LoadOptions& options) : options_(options), requests_(options) {
    if (poll_ < 0) refuse("wait for events");
    for (std::uint32_t i = 0; i < options.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(options.port));
      watch(connections_.back()->socket(), i);
    }
    phases_.push_back({.name = "begin", .begin = Clock::now(), .load_us = {}, .probe_us = {}});
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() {
    if (timer_ >= 0) ::close(timer_);
    ::close(poll_);
  }

  /// Every key once.
  void fill() {
    for (const auto& connection : connections_) send_next_keys(*connection);
    while (filled_ < options_.keys) {
      for (const epoll_event& event : wait()) {
        Connection& connection = *connections_[event.data.u64];
        const std::uint32_t replies = connection.receive();
        filled_ += replies;
        phases_.back().operations += replies;
        if (connection.awaited() == 0) send_next_keys(connection);
      }
    }
  }
  /// Random keys, until `end` is read.
  void run() {
    watch(STDIN_FILENO, input_event);
    if (options_.probe_us != 0) start_probe();
    for (const auto& connection : connections_) send_random_keys(*connection);
    while (!ended_) {
      for (const epoll_event& event : wait()) handle(event.data.u64);
    }
  }
  void print() {
    finish_phase();
    fmt::print("{{\"phases\":{{");
    for (std::size_t i = 0; i < phases_.size(); ++i) {
      Phase& phase = phases_[i];
      fmt::print(R"({}"{}":{{"operations":{},"seconds":{:.6f},"per_second":{:.1f})", i == 0 ? "" : ",", phase.name,
                 phase.operations, phase.seconds,
                 static_cast<double>(phase.operations) / std::max(phase.seconds, 1e-9));
      print_percentiles("load", phase.load_us);
      print_percentiles("probe", phase.probe_us);
      fmt::print("}}");
    }
    fmt::print("}}}}\n");
  }

 private:
  static constexpr std::uint64_t input_event = std::uint64_t{1} << 32U;
  static constexpr std::uint64_t timer_event = input_event + 1;
  static constexpr std::uint64_t probe_event = input_event + 2;

  void watch(int file, std::uint64_t what) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = what;
    if (::epoll_ctl(poll_, EPOLL_CTL_ADD, file, &event) != 0) refuse("watch a file");
  }
  std::span<const epoll_event> wait() {
    const int count = ::epoll_wait(poll_, events_.data(), static_cast<int>(events_.size()), -1);
    if (count < 0 && errno != EINTR) refuse("wait for events");
    return std::span(events_).first(static_cast<std::size_t>(std::max(count, 0)));
  }

  void send_next_keys(Connection& connection) {
    out_.clear();
    std::uint32_t count = 0;
    for (; count < options_.pipeline && next_key_ < options_.keys; ++count) requests_.append(out_, next_key_++);
    if (count > 0) connection.send(out_, count);
  }
  void send_random_keys(Connection& connection) {
    out_.clear();
    for (std::uint32_t i = 0; i < options_.pipeline; ++i) requests_.append_random(out_);
    connection.sent = Clock::now();
    connection.phase = phases_.size() - 1;
    connection.send(out_, options_.pipeline);
  }

  void handle(std::uint64_t what) {
    if (what == input_event) {
      read_input();
    } else if (what == timer_event) {
      send_probes();
    } else if (what == probe_event) {
      receive_probes();
    } else {
      receive_load(*connections_[what]);
    }
  }
  void receive_load(Connection& connection) {
    phases_[connection.phase].operations += connection.receive();
    if (connection.awaited() > 0) return;
    phases_[connection.phase].load_us.push_back(since(connection.sent));
    send_random_keys(connection);
  }
  void start_probe() {
    probe_ = std::make_unique<Connection>(options_.port);
    watch(probe_->socket(), probe_event);
    timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer_ < 0) refuse("create a timer");
    watch(timer_, timer_event);
    itimerspec times{};
    times.it_interval.tv_sec = options_.probe_us / 1'000'000;
    times.it_interval.tv_nsec = static_cast<long>(options_.probe_us % 1'000'000) * 1000;
    times.it_value = times.it_interval;
    next_probe_ = Clock::now() + std::chrono::microseconds(options_.probe_us);
    if (::timerfd_settime(timer_, 0, &times, nullptr) != 0) refuse("start a timer");
  }
  /// Those that are due.
  void send_probes() {
    std::uint64_t expired = 0;
    static_cast<void>(::read(timer_, &expired, sizeof expired));
    for (const Clock::time_point now = Clock::now(); next_probe_ <= now;
         next_probe_ += std::chrono::microseconds(options_.probe_us)) {
      out_.clear();
      requests_.append_random(out_);
      probe_->send(out_, 1);
      due_.emplace_back(next_probe_, phases_.size() - 1);
    }
  }
  void receive_probes() {
    for (std::uint32_t replies = probe_->receive(); replies > 0; --replies) {
      const auto& [due, phase] = due_.front();
      phases_[phase].probe_us.push_back(since(due));
      due_.pop_front();
    }
  }
  void read_input() {
    std::array<char, 256> buffer;
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got <= 0) {
      ended_ = true;
      return;
    }
    for (const char each : std::string_view(buffer.data(), static_cast<std::size_t>(got))) {
      if (each != '\n') {
        input_ += each;
        continue;
      }
      if (input_ == "end") {
        ended_ = true;
      } else {
        finish_phase();
        phases_.push_back({.name = input_, .begin = Clock::now(), .load_us = {}, .probe_us = {}});
      }
      input_.clear();
    }
  }
  void finish_phase() {
    phases_.back().seconds = std::chrono::duration<double>(Clock::now() - phases_.back().begin).count();
  }

  static float since(Clock::time_point begin) {
    return std::chrono::duration<float, std::micro>(Clock::now() - begin).count();
  }
  static void print_percentiles(std::string_view name, std::vector<float>& samples) {
    std::ranges::sort(samples);
    const auto percentile = [&samples](double share) {
      return samples.empty() ? 0 : samples[static_cast<std::size_t>(static_cast<double>(samples.size() - 1) * share)];
    };
    fmt::print(R"(,"{0}_p50_us":{1:.1f},"{0}_p99_us":{2:.1f},"{0}_most_us":{3:.1f})", name, percentile(0.5),
               percentile(0.99), percentile(1));
  }

  const LoadOptions options_;
  Requests requests_;
  int poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  int timer_ = -1;
  std::array<epoll_event, 256> events_{};
  std::vector<std::unique_ptr<Connection>> connections_;
  std::unique_ptr<Connection> probe_;
  std::deque<std::pair<Clock::time_point, std::size_t>> due_;  // of the probes under way: when, and in which phase
  Clock::time_point next_probe_;
  std::vector<Phase> phases_;
  std::uint64_t next_key_ = 0;
  std::uint64_t filled_ = 0;
  std::string out_;
  std::string input_;
  bool ended_ = false;
};

}  // namespace

int run_load(const LoadOptions& options) {
  try {
    Load load(options);
    options.fill ? load.fill() : load.run();
    load.print();
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 1;
  }
}

}  // namespace bench
