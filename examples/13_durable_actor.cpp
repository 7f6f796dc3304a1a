// 13: an actor whose state comes back. It says which events change its state, and how; each event is in its journal
// before its asker is answered. After a crash, or in the next run of the program, the state is there again before the
// first message. A later release of the program, with a field more, still reads what the first has written.
// Run: build/release/bin/example_13_durable_actor
#include "understudy/understudy.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>

#include <unistd.h>

#include <fmt/core.h>

namespace us = understudy;

struct Buy {
  std::uint32_t tickets;
  std::string buyer;
  us::Reply<std::string> reply;
};

/// Tickets were sold: the event as the first release writes it,
struct Sold {
  static constexpr us::RecordKind kind{1};
  std::uint32_t tickets = 0;
  void fields(auto& field) { field(tickets); }
  static Sold of(const Buy& buy) { return {buy.tickets}; }
};
/// and as the second does, which wants to know to whom.
struct SoldTo {
  static constexpr us::RecordKind kind{1};
  static constexpr std::uint32_t version = 2;
  std::uint32_t tickets = 0;
  std::string buyer = "somebody";
  void fields(auto& field) {
    field(tickets);
    if (field.version() >= 2) field(buyer);
  }
  static SoldTo of(const Buy& buy) { return {buy.tickets, buy.buyer}; }
};

template <typename OneSale>
struct BoxOffice {
  using Event = OneSale;
  std::uint32_t left = 100;
  std::string latest = "nobody";
  void apply(const Sold& sale) { left -= sale.tickets, latest = "?"; }
  void apply(const SoldTo& sale) { left -= sale.tickets, latest = sale.buyer; }
};

template <typename OneSale>
us::Task<> box_office(us::Mailbox<Buy>& inbox, us::Durable<BoxOffice<OneSale>>& office) {
  fmt::print("  incarnation {}: {} tickets left, the last went to {}\n", us::this_actor().incarnation, office->left,
             office->latest);
  while (auto buy = co_await inbox.receive()) {
    if (buy->buyer.empty()) throw std::runtime_error("a buyer without a name");
    office.record(OneSale::of(*buy));
    co_await office.reply_when_safe(buy->reply, fmt::format("{} left", office->left));
  }
}

us::Task<> customers(us::Address<Buy> office) {
  for (const std::string buyer : {"Ada", "", "Bob"}) {
    const us::Result<std::string> sold = co_await office.ask<Buy>(2U, buyer);
    fmt::print("  '{}' buys two: {}\n", buyer, sold ? *sold : std::string(us::name_of(sold.error().code())));
  }
}

template <typename OneSale>
void run_program(const std::filesystem::path& directory) {
  us::System system;
  const us::Supervisor supervisor(system);
  const auto office = system.spawn("box office", us::durable(box_office<OneSale>, {.directory = directory}));
  static_cast<void>(us::wait(system, customers(office)));
  system.shutdown();
}

int main() {
  us::set_log_level(us::LogLevel::off);
  const auto directory = std::filesystem::temp_directory_path() / fmt::format("understudy-13-{}", ::getpid());
  fmt::print("The first release:\n");
  run_program<Sold>(directory);
  fmt::print("The second release, on the same data:\n");
  run_program<SoldTo>(directory);
  fmt::print("The first release again, which cannot read what the second has written:\n");
  run_program<Sold>(directory);
  std::filesystem::remove_all(directory);
}
