#include "process/interposer/faults.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

namespace understudy::process_test {

namespace {

struct Rule {
  std::string call;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  Fault fault;
};

[[noreturn]] void misused(std::string_view rule) {
  std::fprintf(stderr, "DISK_WATCH_FAULTS: cannot read '%.*s'\n", static_cast<int>(rule.size()), rule.data());
  std::abort();
}

/// Takes what is in front of the next `separator` off `text`.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

Fault parse_fault(std::string_view what, std::string_view rule) {
  constexpr std::array<std::pair<std::string_view, int>, 5> errors{
      {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}, {"EINTR", EINTR}}};
  if (what == "short") return {FaultKind::short_write, 0};
  if (what == "lie") return {FaultKind::lie, 0};
  for (const auto& [name, number] : errors) {
    if (name == what) return {FaultKind::error, number};
  }
  misused(rule);
}

std::vector<Rule> parse_rules() {
  std::vector<Rule> rules;
  const char* given = std::getenv("DISK_WATCH_FAULTS");
  std::string_view text = given != nullptr ? given : "";
  while (!text.empty()) {
    const std::string_view whole = take(text, ',');
    std::string_view rest = whole;
    Rule rule;
    rule.call = take(rest, ':');
    rule.first = std::strtoull(std::string(take(rest, ':')).c_str(), nullptr, 10);
    const std::string times(take(rest, ':'));
    if (rule.first == 0 || times.empty()) misused(whole);
    rule.last = times == "*" ? std::numeric_limits<std::uint64_t>::max()
                             : rule.first + std::strtoull(times.c_str(), nullptr, 10) - 1;
    rule.fault = parse_fault(rest, whole);
    rules.push_back(std::move(rule));
  }
  return rules;
}

/// On standard error, so that a test can tell a fault that the program has survived from one that never came.
void say_so(std::string_view call, std::uint64_t number) {
  const std::string line = "disk_watch: " + std::string(call) + " " + std::to_string(number) + " is made to fail\n";
  static_cast<void>(::syscall(SYS_write, STDERR_FILENO, line.data(), line.size()));
}

}  // namespace

Fault next_fault(std::string_view call) {
  static const std::vector<Rule> rules = parse_rules();
  if (rules.empty()) return {};
  static std::mutex mutex;
  static std::map<std::string, std::uint64_t, std::less<>> counts;
  const std::lock_guard guard(mutex);
  const auto count = counts.try_emplace(std::string(call), 0).first;
  const std::uint64_t number = ++count->second;
  for (const Rule& rule : rules) {
    if (rule.call != call || number < rule.first || number > rule.last) continue;
    if (number == rule.first) say_so(call, number);
    return rule.fault;
  }
  return {};
}

}  // namespace understudy::process_test
