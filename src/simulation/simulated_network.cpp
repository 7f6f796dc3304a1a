#include "simulation/simulated_network.hpp"

#include "simulation/simulated_scheduler.hpp"
#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/sleep.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <fmt/format.h>

namespace understudy::detail {
namespace {

constexpr std::size_t pipe_bytes_max = std::size_t{64} << 10U;
constexpr std::uint64_t longest_delay_ns = 200'000;

/// Wakes one coroutine whenever something may have changed.
class Signal {
 public:
  void notify() noexcept {
    if (waiting_) std::exchange(waiting_, nullptr)->set();
  }
  [[nodiscard]] std::shared_ptr<Event> wait() {
    waiting_ = std::make_shared<Event>(Wait::Kind::socket);
    return waiting_;
  }

 private:
  std::shared_ptr<Event> waiting_;
};

/// One direction of a connection.
struct Pipe {
  std::string bytes;
  bool writer_gone = false;
  bool reader_gone = false;
  Signal changed_for_reader;
  Signal changed_for_writer;
};

class SimulatedConnection final : public Connection {
 public:
  SimulatedConnection(SimulatedScheduler& scheduler, std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out,
                      std::string peer, std::string local)
      : scheduler_(scheduler),
        in_(std::move(in)),
        out_(std::move(out)),
        peer_(std::move(peer)),
        local_(std::move(local)) {}
  ~SimulatedConnection() override {
    out_->writer_gone = true;
    out_->changed_for_reader.notify();
    in_->reader_gone = true;
    in_->changed_for_writer.notify();
  }

  void shut_down() noexcept override {
    for (Pipe* pipe : {in_.get(), out_.get()}) {
      pipe->writer_gone = pipe->reader_gone = true;
      pipe->changed_for_reader.notify();
      pipe->changed_for_writer.notify();
    }
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    while (waits_for_bytes()) {
      const std::shared_ptr<Event> changed = in_->changed_for_reader.wait();
      Event& event = *changed;
      co_await event;
    }
    co_return take(into);
  }

  Task<Result<std::size_t>> read_when_ready(ReadRoom& room) override {
    while (waits_for_bytes()) {
      const std::shared_ptr<Event> changed = in_->changed_for_reader.wait();
      Event& event = *changed;
      co_await event;
    }
    co_return take(room.room());
  }

  Task<Result<void>> write_all(std::string_view bytes) override {
    while (!bytes.empty()) {
      co_await sleep(Duration(1 + scheduler_.random_number() % longest_delay_ns));
      if (out_->reader_gone) co_return failure(ErrorCode::storage_failed, "write to " + peer_ + ": it has gone");
      const std::size_t room = pipe_bytes_max - out_->bytes.size();
      if (room == 0) {
        const std::shared_ptr<Event> changed = out_->changed_for_writer.wait();
        Event& event = *changed;
        co_await event;
        continue;
      }
      const std::size_t count = 1 + scheduler_.random_number() % std::min(room, bytes.size());
      out_->bytes.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      out_->changed_for_reader.notify();
    }
    co_return Result<void>{};
  }

  std::size_t try_write(std::string_view bytes) noexcept override {
    if (out_->reader_gone) return 0;
    const std::size_t count = std::min(bytes.size(), pipe_bytes_max - out_->bytes.size());
    out_->bytes.append(bytes.substr(0, count));
    out_->changed_for_reader.notify();
    return count;
  }

  [[nodiscard]] std::string peer() const override { return peer_; }
  [[nodiscard]] std::string local() const override { return local_; }
  [[nodiscard]] bool peer_is_on_this_machine() const override { return is_local(peer_); }
  void keep_alive(std::chrono::seconds) override {}

 private:
  static bool is_local(std::string_view peer) {
    return peer.starts_with("127.") || peer.starts_with("::1:") || peer.ends_with(":0");
  }
  [[nodiscard]] bool waits_for_bytes() const { return in_->bytes.empty() && !in_->writer_gone; }
  std::size_t take(std::span<char> into) {
    if (in_->bytes.empty() || into.empty()) return 0;
    const std::size_t limit = std::min(into.size(), in_->bytes.size());
    const std::size_t count = 1 + scheduler_.random_number() % limit;
    std::memcpy(into.data(), in_->bytes.data(), count);
    in_->bytes.erase(0, count);
    in_->changed_for_writer.notify();
    return count;
  }

  SimulatedScheduler& scheduler_;
  std::shared_ptr<Pipe> in_;
  std::shared_ptr<Pipe> out_;
  std::string peer_;
  std::string local_;
};

/// The connections that wait to be accepted at one place: a port, or a name in the file system.
struct Port {
  std::deque<std::unique_ptr<Connection>> waiting;
  Signal changed;
};
/// By their names: "6379", or "/run/socket".
using Ports = std::map<std::string, std::shared_ptr<Port>, std::less<>>;

class SimulatedListener final : public Listener {
 public:
  SimulatedListener(std::shared_ptr<Ports> ports, std::string name, std::uint16_t number)
      : ports_(std::move(ports)), port_(ports_->at(name)), name_(std::move(name)), number_(number) {}
  ~SimulatedListener() override { ports_->erase(name_); }

  Task<Result<std::unique_ptr<Connection>>> accept() override {
    while (port_->waiting.empty()) {
      const std::shared_ptr<Event> changed = port_->changed.wait();
      Event& event = *changed;
      co_await event;
    }
    std::unique_ptr<Connection> accepted = std::move(port_->waiting.front());
    port_->waiting.pop_front();
    co_return accepted;
  }
  [[nodiscard]] std::uint16_t port() const override { return number_; }

 private:
  std::shared_ptr<Ports> ports_;
  std::shared_ptr<Port> port_;
  std::string name_;
  std::uint16_t number_;
};

bool is_numeric(std::string_view address) {
  std::array<unsigned char, sizeof(in6_addr)> parsed{};
  const std::string text(address);
  return inet_pton(AF_INET, text.c_str(), parsed.data()) == 1 || inet_pton(AF_INET6, text.c_str(), parsed.data()) == 1;
}
std::unexpected<Error> not_numeric(std::string_view address) {
  return failure(ErrorCode::invalid_argument,
                 fmt::format("'{}' is not a numeric IP address such as 127.0.0.1 or ::1", address));
}

class SimulatedNetwork final : public Network {
 public:
  explicit SimulatedNetwork(SimulatedScheduler& scheduler) : scheduler_(scheduler) {}

  Result<std::unique_ptr<Listener>> listen(std::string_view address, std::uint16_t port, int) override {
    if (!is_numeric(address)) return not_numeric(address);
    if (port == 0) port = next_port_++;
    const std::string name = std::to_string(port);
    if (ports_->contains(name)) {
      return failure(ErrorCode::storage_failed,
                     fmt::format("listen on {} port {}: Address already in use", address, port));
    }
    return listener(name, port);
  }

  Result<std::unique_ptr<Listener>> listen_on_file(std::string_view path, unsigned, int) override {
    if (ports_->contains(path)) {
      return failure(ErrorCode::storage_failed, fmt::format("listen on {}: Address already in use", path));
    }
    return listener(std::string(path), 0);
  }

  Task<Result<std::unique_ptr<Connection>>> connect(std::string address, std::uint16_t port) override {
    if (!is_numeric(address)) co_return not_numeric(address);
    co_await sleep(Duration(1 + scheduler_.random_number() % longest_delay_ns));
    const auto found = ports_->find(std::to_string(port));
    if (found == ports_->end()) {
      co_return failure(ErrorCode::storage_failed,
                        fmt::format("connect to {} port {}: Connection refused", address, port));
    }
    co_return join(*found->second, fmt::format("{}:{}", address, next_port_++), fmt::format("{}:{}", address, port));
  }

  Task<Result<std::unique_ptr<Connection>>> connect_to_file(std::string path) override {
    co_await sleep(Duration(1 + scheduler_.random_number() % longest_delay_ns));
    const auto found = ports_->find(path);
    if (found == ports_->end()) {
      co_return failure(ErrorCode::storage_failed, fmt::format("connect to {}: Connection refused", path));
    }
    co_return join(*found->second, path + ":0", path + ":0");
  }

 private:
  std::unique_ptr<Listener> listener(const std::string& name, std::uint16_t port) {
    ports_->emplace(name, std::make_shared<Port>());
    return std::make_unique<SimulatedListener>(ports_, name, port);
  }
  /// The caller's end of a new connection; the other waits to be accepted.
  std::unique_ptr<Connection> join(Port& port, const std::string& client, const std::string& server) {
    auto there = std::make_shared<Pipe>();
    auto back = std::make_shared<Pipe>();
    port.waiting.push_back(std::make_unique<SimulatedConnection>(scheduler_, there, back, client, server));
    port.changed.notify();
    return std::make_unique<SimulatedConnection>(scheduler_, back, there, server, client);
  }

  SimulatedScheduler& scheduler_;
  std::shared_ptr<Ports> ports_ = std::make_shared<Ports>();
  std::uint16_t next_port_ = 40'000;
};

}  // namespace

std::unique_ptr<Network> make_simulated_network(SimulatedScheduler& scheduler) {
  return std::make_unique<SimulatedNetwork>(scheduler);
}

}  // namespace understudy::detail
