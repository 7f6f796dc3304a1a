// A server that answers +PONG to PING, by one way of waiting for sockets: what the kernel's part of a command costs.
// bench/run.py starts it, and sends by redis-benchmark.
#include "pongs.hpp"
#include "ways.hpp"

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

int main(int argc, char** argv) {
  std::uint16_t port = 0;
  std::string way;
  CLI::App app("Answers +PONG to PING until it is killed");
  app.add_option("--port", port, "to listen on, on this machine")->required();
  app.add_option("--way", way, "to wait for sockets")
      ->required()
      ->check(CLI::IsMember({"epoll", "io-uring", "io-uring-multishot"}));
  CLI11_PARSE(app, argc, argv);
  try {
    const int listener = bench::listen_on(port);
    if (way == "epoll") bench::serve_by_epoll(listener);
    bench::serve_by_io_uring(listener, way == "io-uring" ? bench::Receive::once : bench::Receive::many_times);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
  }
  return 1;
}
