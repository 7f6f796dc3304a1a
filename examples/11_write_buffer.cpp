// 11: a buffer in front of a slow service. Senders of chat messages hand them to an actor and go on; it passes them to
// the service in batches: when ten have come together, or when the oldest has waited for 100 ms. The buffer is bounded:
// while the service is slow, it is the senders that wait, not the memory that grows.
// Run: build/release/bin/example_11_write_buffer
#include "understudy/understudy.hpp"

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <fmt/core.h>

namespace us = understudy;
using namespace std::chrono_literals;

constexpr std::size_t batch_messages_max = 10;
constexpr us::Duration longest_wait = 100ms;

/// Takes 20 ms a call, however much it is given.
class SlowService {
 public:
  void deliver(const std::vector<std::string>& batch, const char* reason) {
    std::this_thread::sleep_for(20ms);
    fmt::print("{} messages, {} to {}: {}\n", batch.size(), batch.front(), batch.back(), reason);
  }
};

struct Chat {
  std::string text;
};
struct TimeIsUp {
  std::uint64_t batch;
};
using BufferMessage = std::variant<Chat, TimeIsUp>;

us::Task<> remind(us::Address<BufferMessage> buffer, std::uint64_t batch) {
  co_await us::sleep(longest_wait);
  static_cast<void>(co_await buffer.tell(TimeIsUp{batch}));
}

us::Task<> chat_buffer(us::Mailbox<BufferMessage>& inbox, us::System& system, std::shared_ptr<SlowService> service) {
  std::vector<std::string> batch;
  std::uint64_t number = 0;
  us::TaskGroup reminders(system);  // Part of this incarnation: they end with it.

  const auto flush = [&](const char* reason) -> us::Task<> {
    if (batch.empty()) co_return;
    ++number;
    auto call = [service, messages = std::exchange(batch, {}), reason] { service->deliver(messages, reason); };
    co_await us::blocking(std::move(call));
  };

  while (auto message = co_await inbox.receive()) {
    if (auto* chat = std::get_if<Chat>(&*message)) {
      batch.push_back(std::move(chat->text));
      if (batch.size() == 1) reminders.spawn(remind(inbox.address(), number));
      if (batch.size() == batch_messages_max) co_await flush("a full batch");
    } else if (const auto* up = std::get_if<TimeIsUp>(&*message)) {
      if (up->batch == number) co_await flush("they have waited long enough");
    }
  }
  co_await flush("the buffer stops");
}

us::Task<> chatter(us::Address<BufferMessage> buffer, int first, int last) {
  for (int i = first; i <= last; ++i) {
    const us::Result<void> sent = co_await buffer.tell<Chat>(fmt::format("#{}", i));  // Waits while the buffer is full.
    if (!sent) fmt::print("#{} was not sent: {}\n", i, sent.error().message());
  }
}

us::Task<> application(us::Address<BufferMessage> buffer) {
  co_await chatter(buffer, 1, 23);
  co_await us::sleep(4 * longest_wait);
  co_await chatter(buffer, 24, 25);
}

int main() {
  us::System system;
  const auto service = std::make_shared<SlowService>();
  const auto buffer = system.spawn("chat buffer", chat_buffer, {.capacity = 8}, std::ref(system), service);
  const us::Result<void> done = us::wait(system, application(buffer));
  system.shutdown();  // Nothing is lost: the buffer handles what waits, then passes on what it holds.
  return done ? 0 : 1;
}
