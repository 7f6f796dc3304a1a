// Commands on keys, and on all of them.
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "server/glob.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>

namespace understudy::server {
namespace {

/// The keys that fit a pattern, as they are found; then they are the reply.
class FoundKeys {
 public:
  FoundKeys(DataCall& call, BytesView pattern) noexcept : call_(call), pattern_(pattern) {}
  void add(BytesView key) {
    ++call_.keys_seen;
    if (pattern_ != "*" && !steps_.matches(pattern_, key)) return;
    keys_.bulk(key);
    ++count_;
  }
  /// False: the pattern is made to take for ever, and the reply says so.
  [[nodiscard]] bool check() {
    if (!steps_.used_up()) return true;
    call_.reply.error(glob_too_long);
    return false;
  }
  void reply() {
    call_.reply.array(count_);
    call_.reply.append(replies_);
  }

 private:
  DataCall& call_;
  BytesView pattern_;
  GlobBudget steps_;
  std::string replies_;
  RespWriter keys_{replies_};
  std::size_t count_ = 0;
};

/// As strtoul reads it: all of the word, up to a zero byte if it has one, with a sign or none; nothing is 0.
std::optional<std::uint64_t> parse_cursor(BytesView word) {
  const std::string terminated(word.substr(0, word.find('\0')));
  if (terminated.empty()) return 0;
  if (std::isspace(static_cast<unsigned char>(terminated[0])) != 0) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const std::uint64_t cursor = std::strtoul(terminated.c_str(), &end, 10);
  if (*end != '\0' || errno == ERANGE) return std::nullopt;
  return cursor;
}

}  // namespace

void dbsize(DataCall& call) { call.reply.integer(static_cast<std::int64_t>(call.store.size())); }

void del(DataCall& call) {
  std::int64_t removed = 0;
  for (const BytesView key : call.arguments.subspan(1)) removed += call.store.erase(key) ? 1 : 0;
  call.reply.integer(removed);
}

void exists(DataCall& call) {
  std::int64_t found = 0;
  for (const BytesView key : call.arguments.subspan(1)) found += call.store.get(key) ? 1 : 0;
  call.reply.integer(found);
}

void flushall(DataCall& call) {
  const Arguments words = call.arguments;
  if (words.size() > 2 || (words.size() == 2 && !is_word(words[1], "ASYNC") && !is_word(words[1], "SYNC"))) {
    call.reply.error(syntax_error);
    return;
  }
  call.store.clear();
  call.reply.simple("OK");
}

void keys(DataCall& call) {
  FoundKeys found(call, call.arguments[1]);
  call.store.for_each([&](const store::KeyView& each) { found.add(each.key); });
  if (found.check()) found.reply();
}

void randomkey(DataCall& call) {
  if (const std::optional<BytesView> key = call.store.random_key()) {
    call.reply.bulk(*key);
  } else {
    call.reply.null();
  }
}

void scan(DataCall& call) {
  const Arguments words = call.arguments;
  const std::optional<std::uint64_t> cursor = parse_cursor(words[1]);
  if (!cursor) {
    call.reply.error("ERR invalid cursor");
    return;
  }
  std::int64_t count = 10;
  BytesView pattern = "*";
  bool of_this_type = true;
  for (std::size_t i = 2; i < words.size(); i += 2) {
    if (i + 1 == words.size()) {
      call.reply.error(syntax_error);
      return;
    }
    if (is_word(words[i], "COUNT")) {
      const std::optional<std::int64_t> number = parse_integer(words[i + 1]);
      if (!number || *number < 1) {
        call.reply.error(number ? syntax_error : not_an_integer);
        return;
      }
      count = *number;
    } else if (is_word(words[i], "MATCH")) {
      pattern = words[i + 1];
    } else if (is_word(words[i], "TYPE")) {
      of_this_type = is_word(words[i + 1], "STRING");
    } else {
      call.reply.error(syntax_error);
      return;
    }
  }
  FoundKeys found(call, pattern);
  const std::uint64_t next = call.store.scan(*cursor, static_cast<std::size_t>(count), [&](const store::KeyView& each) {
    if (of_this_type) found.add(each.key);
  });
  if (!found.check()) return;
  call.reply.array(2);
  call.reply.bulk(std::to_string(next));
  found.reply();
}

void type(DataCall& call) { call.reply.simple(call.store.get(call.arguments[1]) ? "string" : "none"); }

}  // namespace understudy::server
