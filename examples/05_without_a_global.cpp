// 05: a program with one system can install it, and its store, once, at the start of main: code that is four levels
// deep then needs no handle passed down to it. Forgetting that, or doing it twice, is an error that says so. Nothing in
// the library needs the global: systems are objects, and tests have as many of them as they like.
// Run: build/release/bin/example_05_without_a_global
#include "understudy/store/store.hpp"
#include "understudy/understudy.hpp"

#include <filesystem>
#include <string>

#include <unistd.h>

#include <fmt/core.h>

namespace us = understudy;
namespace store = understudy::store;

// Four levels down, and nobody has passed anything along.
us::Task<us::Result<std::string>> read_name() {
  us::Result<std::optional<us::Bytes>> name = co_await store::get("name");
  if (!name) co_return std::unexpected(name.error());
  co_return name->value_or("nobody");
}
us::Task<us::Result<std::string>> compose_greeting() {
  us::Result<std::string> name = co_await read_name();
  if (!name) co_return std::unexpected(name.error());
  co_return "hello, " + *name;
}
us::Task<us::Result<std::string>> render_page() { co_return co_await compose_greeting(); }
us::Task<us::Result<std::string>> handle_visit() { co_return co_await render_page(); }

void show(const char* what, const us::Result<void>& result) {
  fmt::print("{}: {}\n", what, result ? "done" : result.error().message());
}

void with_a_global(const std::string& directory) {
  us::System system;
  const us::Result<us::System*> too_early = us::installed_system();
  fmt::print("before: {}\n", us::name_of(too_early.error().code()));
  const us::Result<std::string> nobody_home = us::wait(system, handle_visit());
  fmt::print("before: {}\n", nobody_home.error().message());

  store::StoreOptions options;
  options.directory = directory;
  const auto opened = store::Store::open(system, options).value();
  show("install the system", us::install(system));
  show("install the store", store::install(*opened));
  show("install it again", us::install(system));

  show("set", us::wait(*us::installed_system().value(), store::set("name", "world")));
  const us::Result<std::string> page = us::wait(system, handle_visit());
  fmt::print("four levels deep: {}\n", page.value());
}  // They are taken back when they are destroyed.

struct Add {
  std::int64_t value;
  us::Reply<std::int64_t> reply;
};
us::Task<> counter(us::Mailbox<Add>& inbox) {
  std::int64_t total = 0;
  while (auto add = co_await inbox.receive()) add->reply(total += add->value);
}

void without() {
  us::System first({.workers = 1});
  us::System second({.workers = 1});
  const auto in_first = first.spawn("counter", counter);
  const auto in_second = second.spawn("counter", counter);  // The same name: they know nothing of each other.
  const us::Result<std::int64_t> one = us::wait(first, in_first.ask<Add>(1));
  const us::Result<std::int64_t> two = us::wait(second, in_second.ask<Add>(2));
  fmt::print("side by side: {} and {}\n", one.value(), two.value());
  // An address works from anywhere, from another system too.
  const us::Result<std::int64_t> across = us::wait(second, in_first.ask<Add>(10));
  fmt::print("from one to the other: {}\n", across.value());
}

int main() {
  us::set_log_level(us::LogLevel::warning);
  const auto directory = std::filesystem::temp_directory_path() / fmt::format("understudy-05-{}", ::getpid());
  with_a_global(directory);
  std::filesystem::remove_all(directory);
  without();
}
