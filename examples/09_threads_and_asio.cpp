// 09: actors among everything else. A plain thread asks by us::wait; a coroutine in somebody else's Asio loop asks by
// us::async_run and goes on in its own loop; and an actor put around legacy code that blocks and is not thread-safe
// makes it safe to use from anywhere, without holding up a worker.
// Run: build/release/bin/example_09_threads_and_asio
#include "understudy/runtime/asio.hpp"
#include "understudy/understudy.hpp"

#include <future>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/core.h>

namespace us = understudy;
namespace asio = boost::asio;
using namespace std::chrono_literals;

/// What was here before: it blocks, and breaks when two threads use it at once.
class LegacyPrinter {
 public:
  int print(const std::string& page) {
    std::this_thread::sleep_for(5ms);
    pages_ += page.empty() ? 0 : 1;
    return pages_;
  }

 private:
  int pages_ = 0;
};

struct Print {
  std::string page;
  us::Reply<int> reply;  // Pages printed so far.
};

/// The only one who knows the LegacyPrinter: everybody else knows Print.
us::Task<> printer(us::Mailbox<Print>& inbox) {
  // Shared with the call: it goes on by itself if this incarnation ends first.
  const auto legacy = std::make_shared<LegacyPrinter>();
  while (auto job = co_await inbox.receive()) {
    auto print = [legacy, page = std::move(job->page)] { return legacy->print(page); };  // Named: see docs/pitfalls.md.
    job->reply(co_await us::blocking(std::move(print)));
  }
}

asio::awaitable<void> session(us::System& system, us::Address<Print> address, std::thread::id loop) {
  const us::Result<int> pages =
      co_await us::async_run(system, address.ask<Print>("from a coroutine of Asio"), asio::use_awaitable);
  fmt::print("Asio: page {}, and it is still in its own loop: {}\n", pages.value(), std::this_thread::get_id() == loop);
}

int main() {
  us::System system;
  const us::Address<Print> address = system.spawn("printer", printer);

  std::thread plain([&] {
    const us::Result<int> pages = us::wait(system, address.ask<Print>("from a plain thread").within(5s));
    fmt::print("Thread: page {}\n", pages.value());
  });
  plain.join();

  asio::io_context loop;
  asio::co_spawn(loop, session(system, address, std::this_thread::get_id()), [](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
  });
  loop.run();

  // Any completion token will do, and any awaitable. Here the answer comes as a std::future.
  std::future<us::Result<int>> later = us::async_run(system, address.ask<Print>("from a future"), asio::use_future);
  fmt::print("Future: page {}\n", later.get().value());
}
