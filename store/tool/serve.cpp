#include "tool/serve.hpp"

#include "server/server.hpp"
#include "tool/fail.hpp"
#include "tool/file_handles.hpp"
#include "tool/process_usage.hpp"
#include "tool/service_manager.hpp"
#include "understudy/actor/watch.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <thread>

#include <unistd.h>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

using namespace std::chrono_literals;

/// Our own signs: the store has ended for good; the system asks for a shutdown, as it can't go on.
constexpr int store_stopped = SIGUSR1;
constexpr int shutdown_requested = SIGUSR2;

Task<> pass_on_shutdown_request(System& system) {
  static_cast<void>(co_await system.wait_for_shutdown_request());
  ::kill(::getpid(), shutdown_requested);
}

/// A server that can answer nothing is worse than none. Between two incarnations the store may refuse requests, too: so
/// it is not they that say it.
Task<> pass_on_end_of_store(Address<store::KeyValueMessage> key_value) {
  static_cast<void>(co_await ended(key_value));
  ::kill(::getpid(), store_stopped);
}

/// SIGTERM, SIGINT, SIGHUP and our own signs, kept from every thread, since one waits for them.
class Signals {
 public:
  Signals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGHUP);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, store_stopped);
    sigaddset(&signals_, shutdown_requested);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(bugprone-signal-handler): no handler
    // A file that may not grow any more (RLIMIT_FSIZE) is an error of the write, and not the end of the program.
    std::signal(SIGXFSZ, SIG_IGN);  // NOLINT(bugprone-signal-handler): no handler
  }
  int wait() {
    for (;;) {
      siginfo_t sent{};
      const int signal = sigwaitinfo(&signals_, &sent);
      if (signal < 0) continue;
      const bool is_own_sign = signal == store_stopped || signal == shutdown_requested;
      if (!is_own_sign || sent.si_pid == ::getpid()) return signal;
      log_line(LogLevel::warning, fmt::format("signal {} of process {} means nothing here", signal, sent.si_pid));
    }
  }

 private:
  sigset_t signals_{};
};

/// A worker does the work of a client and of the store in one go; the other half of the processors is for the threads
/// that write and flush, and for the system, which has more to do for a request than we do.
std::uint32_t usual_workers() { return std::max(1U, std::thread::hardware_concurrency() / 2); }

}  // namespace

int serve(const Settings& settings) {
  Signals signals;
  set_log_level(settings.log_level);
  server::ServerOptions options = settings.server;
  options.clients_max = make_room_for_clients(options.clients_max);
  warn_of_short_backlog(options.accept_backlog);

  System system({.workers = settings.workers > 0 ? settings.workers : usual_workers()});
  SupervisionOptions supervision;
  supervision.heartbeat = 200ms;
  supervision.cutoff = 500ms;
  Supervisor supervisor(system, supervision);
  ServiceManager manager(system, supervisor);
  store::StoreOptions store_options;
  store_options.directory = settings.directory;
  store_options.durability = settings.durability;
  store_options.flush_interval = settings.flush_interval;
  store_options.segment_bytes_max = settings.segment_bytes_max;
  store_options.snapshot_after_bytes = settings.snapshot_after_bytes;
  store_options.disk_bytes_max = settings.disk_bytes_max;
  store_options.memory_bytes_max = settings.memory_bytes_max;
  store_options.when_memory_full = settings.when_memory_full;
  const auto store = store::Store::open(system, store_options);
  if (!store) return fail(store.error());
  const store::LoadReport loaded = (*store)->load_report();

  options.make_room_for_clients = file_handles_for_clients;
  options.acl = settings.acl;
  options.directory = settings.directory;
  options.durability = settings.durability;
  options.flush_interval = settings.flush_interval;
  options.segment_bytes_max = settings.segment_bytes_max;
  options.snapshot_after_bytes = settings.snapshot_after_bytes;
  options.disk_bytes_max = settings.disk_bytes_max;
  options.version = UNDERSTUDY_VERSION;
  options.shut_down = [] { ::kill(::getpid(), SIGTERM); };
  options.incidents = [&supervisor] { return supervisor.incidents(); };
  options.process_usage = process_usage;
  const auto server = server::Server::start(system, **store, std::move(options));
  if (!server) return fail(server.error());
  const std::string ready =
      fmt::format("redis protocol on {}, data in {} ({} keys, durability {})", (*server)->listens_on(),
                  settings.directory, loaded.keys, name_of(settings.durability));
  fmt::print("understudy {} ready: {}\n", UNDERSTUDY_VERSION, ready);
  std::fflush(stdout);
  manager.say_ready(ready);

  system.start(pass_on_shutdown_request(system));
  system.start(pass_on_end_of_store((*store)->key_value()));
  int signal = signals.wait();
  for (; signal == SIGHUP; signal = signals.wait()) (*server)->read_certificates_again();
  if (signal == store_stopped) {
    manager.say_stopping("the store has failed");
    (*server)->stop();
    return fail("the store failed, could not be brought back, and has ended; a new start says what is wrong");
  }
  if (signal == shutdown_requested) {
    manager.say_stopping(system.shutdown_requested()->message());
    (*server)->stop();
    (*store)->close();
    fail(*system.shutdown_requested());
    return exit_code_start_anew;
  }
  manager.say_stopping(signal == SIGINT ? "SIGINT" : "SIGTERM");
  log_line(LogLevel::info, fmt::format("{}: finishing what was accepted", signal == SIGINT ? "SIGINT" : "SIGTERM"));
  (*server)->stop();
  (*store)->close();
  log_line(LogLevel::info, "stopped");
  return 0;
}

}  // namespace understudy::tool
