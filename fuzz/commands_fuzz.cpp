// Three clients of one server, whose requests are made of the input: commands of the table with arguments that they
// know, or nearly, some of them cut, or with counts and lengths that lie; time passes meanwhile. A store on a simulated
// disk is behind it. What is promised: whatever was sent, only whole, well-formed replies come back, and who connects
// afterwards is served.
#include "fuzz_input.hpp"
#include "replies.hpp"
#include "server/command_table.hpp"
#include "server/server.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/store/store.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace understudy;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using fuzz::Input;

constexpr std::size_t clients = 3;
constexpr std::size_t requests_max = 64;
constexpr std::size_t arguments_max = 10;

/// What commands take: keys, values, numbers at their limits, options, patterns, names.
constexpr std::string_view plain_words =
    "a b c user:1 0 1 -1 2 10 16 100 1000 9223372036854775807 -9223372036854775808 9223372036854775808 "
    "1e308 -1e308 nan inf 0.1 1.5e 00 +1 NX XX GT LT GET EX PX EXAT PXAT KEEPTTL PERSIST MATCH COUNT "
    "TYPE REPLACE DB string list * ? [a-c] [^a \\ a*b* **********b LIST ID ADDR LADDR USER SKIPME yes no "
    "ON OFF SKIP WRITE ALL normal pubsub default 3 AUTH SETNAME SETINFO LIB-NAME lib-ver maxmemory "
    "maxmemory-policy maxclients timeout requirepass slowlog-log-slower-than allkeys-lru noeviction "
    "client-output-buffer-limit dir port SYNC ASYNC LEN RESET SAMPLES CHANNELS NUMSUB key-value writer "
    "channel";
const std::vector<std::string>& words() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> list;
    for (const auto word : plain_words | std::views::split(' ')) list.emplace_back(word.begin(), word.end());
    for (const std::string_view word : {""sv, " 1"sv, "normal 0 0 0"sv, "one\r\ntwo"sv, "\xff\x00\x80"sv})
      list.emplace_back(word);
    return list;
  }();
  return all;
}

std::vector<std::string> words_of_a_request(Input& input) {
  const auto table = server::command_table();
  std::size_t row = input.byte();
  row = (row << 8U | input.byte()) % table.size();
  const std::string_view name = table[row].name;
  std::vector<std::string> request;
  const std::size_t bar = name.find('|');
  request.emplace_back(name.substr(0, bar));
  if (bar != std::string_view::npos) request.emplace_back(name.substr(bar + 1));
  for (std::size_t count = input.byte() % arguments_max; count > 0; --count) {
    const std::uint8_t choice = input.byte();
    if (choice < words().size()) {
      request.emplace_back(words()[choice]);
    } else if (choice < 200) {
      request.emplace_back(words()[choice % 4U]);  // Mostly the same keys.
    } else if (choice < 250) {
      request.emplace_back(input.take(input.byte() % 16U));
    } else {
      request.emplace_back(std::string(std::size_t{1} << (choice - 238U), 'x'));
    }
  }
  return request;
}

/// A request as it is sent; sometimes a line, sometimes with a count or a length that lies, or with more behind it.
std::string encode(const std::vector<std::string>& request, Input& input) {
  enum : std::uint8_t { as_a_line, too_many_words, huge_count, wrong_length, with_a_tail, shapes = 64 };
  const std::uint8_t shape = input.byte() % shapes;
  std::string sent;
  if (shape == as_a_line) {
    for (const std::string& word : request) sent += word + ' ';
    return sent + "\r\n";
  }
  const std::string count = std::to_string(request.size() + (shape == too_many_words ? 1 : 0));
  sent = '*' + (shape == huge_count ? "99999999999999999999" : count) + "\r\n";
  const std::size_t wrong = shape == wrong_length ? input.byte() % request.size() : request.size();
  for (std::size_t i = 0; i < request.size(); ++i) {
    const std::size_t length = request[i].size() + (i == wrong ? input.byte() : 0);
    sent += '$' + std::to_string(length) + "\r\n" + request[i] + "\r\n";
  }
  if (shape == with_a_tail) sent += input.take(8);
  return sent;
}

Task<> read_all(Connection& connection, std::string& received, bool& closed) {
  for (;;) {
    std::array<char, 4096> piece{};
    Task<Result<std::size_t>> reading = connection.read_some(piece);
    const Result<std::size_t> count = co_await std::move(reading);
    if (!count || *count == 0) break;
    received.append(piece.data(), *count);
  }
  closed = true;
}

/// One after the other, until the connection ends.
Task<> write_all(Connection& connection, std::deque<std::string>& requests) {
  for (;;) {
    if (requests.empty()) {
      co_await understudy::sleep(100ms);
      continue;
    }
    Task<Result<void>> writing = connection.write_all(requests.front());
    const Result<void> written = co_await std::move(writing);
    if (!written) break;
    requests.pop_front();
  }
}

struct ClientOfServer {
  ClientOfServer(System& system, std::uint16_t port)
      : connection(wait(system, system.network().connect("127.0.0.1", port)).value()), tasks(system) {
    tasks.spawn(read_all(*connection, received, closed));
    tasks.spawn(write_all(*connection, requests));
  }
  std::unique_ptr<Connection> connection;
  std::deque<std::string> requests;  // To be sent.
  std::string received;
  bool closed = false;
  TaskGroup tasks;  // Ends what it still does, too.
};

void check_replies(SimulatedSystem& simulation, const ClientOfServer& client) {
  using Kind = fuzz::Replies::Kind;
  Kind kind = Kind::cut_off;
  for (int waits = 0; waits < 10 && kind == Kind::cut_off; ++waits) {
    simulation.run_for(1s);  // What is on its way arrives.
    kind = fuzz::Replies(client.received).kind();
  }
  fuzz::hold(kind != Kind::wrong, "what a server sends is replies");
  fuzz::hold(kind == Kind::whole || client.closed, "a reply is sent whole, unless the connection is closed");
}

server::ServerOptions small_server() {
  server::ServerOptions options;
  options.port = 0;
  options.bulk_bytes_max = 64 << 10;
  options.request_bytes_max = 256 << 10;
  options.transaction_bytes_max = 256 << 10;
  options.output_bytes_max = 16 << 10;
  options.output_limits.pubsub = {.hard_bytes = 64 << 10, .soft_bytes = 16 << 10, .soft_time = 1s};
  return options;
}

void run(Input input) {
  SimulatedSystem simulation(input.byte());
  SimulatedDisk disk(1);
  System& system = simulation.system();
  store::StoreOptions options;
  options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
  auto store = store::Store::open(system, options);
  fuzz::hold(store.has_value(), "a store opens on an empty disk");
  auto server = server::Server::start(system, **store, small_server());
  fuzz::hold(server.has_value(), "a server starts");
  {
    bool pauses = false;  // For as long as the input says, which may be for ever.
    std::array<std::unique_ptr<ClientOfServer>, clients> all;
    for (auto& each : all) each = std::make_unique<ClientOfServer>(system, (*server)->port());
    for (std::size_t requests = 0; requests < requests_max && !input.empty(); ++requests) {
      const std::uint8_t step = input.byte();
      ClientOfServer& client = *all[step % clients];
      if (step >= 250) {
        simulation.run_for(std::chrono::milliseconds(1U << (2 * (step - 250U))));
        continue;
      }
      const std::vector<std::string> request = words_of_a_request(input);
      pauses = pauses || (request.size() > 1 && request[0] == "client" && request[1] == "pause");
      std::string& sent = client.requests.emplace_back(encode(request, input));
      if (step >= 240) sent.resize(sent.size() / 2);  // The rest does not come, or as something else.
      if (step % 2 == 0) simulation.run_for(100ms);
    }
    for (const auto& client : all) check_replies(simulation, *client);
    if (!pauses) {
      ClientOfServer another(system, (*server)->port());
      another.requests.emplace_back("PING\r\n");
      fuzz::hold(simulation.run_until([&] { return !another.received.empty(); }), "who comes later is answered");
    }
  }
  (*server)->stop();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  set_log_level(LogLevel::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run(Input(BytesView(reinterpret_cast<const char*>(data), size)));
  return 0;
}
