#include "tool/file_handles.hpp"

#include "understudy/base/logging.hpp"

#include <algorithm>
#include <fstream>

#include <sys/resource.h>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

/// What the store and the listeners need: with it a file can be opened though every connection is taken.
constexpr rlim_t others = 64;

rlim_t open_files_max() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

}  // namespace

std::uint32_t file_handles_for_clients(std::uint32_t clients) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return clients;
  const rlim_t wanted = clients + others;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : std::min<rlim_t>(wanted, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  const rlim_t allowed = open_files_max();
  if (allowed >= wanted) return clients;
  return static_cast<std::uint32_t>(allowed > 2 * others ? allowed - others : others);
}

std::uint32_t make_room_for_clients(std::uint32_t clients) {
  const std::uint32_t room = file_handles_for_clients(clients);
  if (room < clients) {
    log_line(LogLevel::warning, fmt::format("the limit of {} open files leaves room for {} of {} connections",
                                            open_files_max(), room, clients));
  }
  return room;
}

void warn_of_short_backlog(int backlog) {
  std::ifstream file("/proc/sys/net/core/somaxconn");
  int allowed = 0;
  if (!(file >> allowed) || allowed >= backlog) return;
  log_line(LogLevel::warning,
           fmt::format("tcp-backlog {} is cut to {}, the value of net.core.somaxconn", backlog, allowed));
}

}  // namespace understudy::tool
