// What bench_durability can be told to do.
#pragma once

#include "write_workload.hpp"

#include <cstdint>
#include <string>

namespace bench {

/// Writes through our store, in process; as many coroutines as there are writers. Gives the exit code.
int run_writes(const WriteOptions& options, std::uint32_t workers, bool flush);

struct FloorOptions {
  std::string directory;  ///< On the disk that is measured.
  std::uint32_t count = 2'000;
  std::uint32_t bytes = 128;  ///< Appended before each flush.
};
/// What the disk itself takes for an append and a flush, alone. Gives the exit code.
int run_floor(const FloorOptions& options);

struct LoadOptions {
  std::uint16_t port = 0;
  std::uint32_t connections = 50;
  std::uint32_t pipeline = 1;  ///< Requests each connection has under way.
  std::uint64_t keys = 1'000'000;
  std::uint32_t value_bytes = 64;
  bool fill = false;           ///< Sets each key once, in order, and ends.
  std::uint32_t probe_us = 0;  ///< One more connection sets a key every so often; 0: none.
};
/// Sets keys on a server that speaks the Redis protocol. Gives the exit code.
int run_load(const LoadOptions& options);

}  // namespace bench
