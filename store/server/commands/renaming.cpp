// Commands that give a value to another key, with its time to die.
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/value_size.hpp"
#include "understudy/actor/long_copy.hpp"

#include <limits>
#include <optional>

#include <fmt/format.h>

namespace understudy::server {
namespace {

/// False: the number is none of a database of ours, and the reply says so.
bool check_database(DataCall& call, BytesView word) {
  using Limits = std::numeric_limits<std::int32_t>;
  const std::optional<std::int64_t> number = parse_integer(word);
  if (!number) {
    call.reply.error(not_an_integer);
  } else if (*number < Limits::min() || *number > Limits::max()) {
    call.reply.error(
        fmt::format("ERR value is out of range, value must between {} and {}", Limits::min(), Limits::max()));
  } else if (*number != 0) {
    call.reply.error("ERR DB index is out of range");
  } else {
    return true;
  }
  return false;
}

/// Gives `to` what `from` has, which is there. False, and nothing done: it cannot have it, and the reply says so.
bool give(DataCall& call, BytesView from, BytesView to) {
  Bytes value;  // What `get` gives may be gone once `to` is set.
  append_long(value, *call.store.get(from));
  if (!check_size(call, to, value.size())) return false;
  call.store.set(to, value, call.store.expiry(from));
  return true;
}

/// `done` and `not_done` are the replies.
template <typename Done, typename NotDone>
void rename_by(DataCall& call, bool only_new, Done done, NotDone not_done) {
  const BytesView from = call.arguments[1];
  const BytesView to = call.arguments[2];
  if (!call.store.get(from)) {
    call.reply.error("ERR no such key");
    return;
  }
  if (only_new && (from == to || call.store.get(to))) {
    not_done();
    return;
  }
  if (from != to) {
    if (!give(call, from, to)) return;
    call.store.erase(from);
  }
  done();
}

}  // namespace

void copy(DataCall& call) {
  const BytesView from = call.arguments[1];
  const BytesView to = call.arguments[2];
  const Arguments words = call.arguments.subspan(3);
  bool replaces = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_word(words[i], "REPLACE")) {
      replaces = true;
    } else if (is_word(words[i], "DB") && i + 1 < words.size()) {
      if (!check_database(call, words[++i])) return;
    } else {
      call.reply.error(syntax_error);
      return;
    }
  }
  if (from == to) {
    call.reply.error("ERR source and destination objects are the same");
  } else if (!call.store.get(from) || (!replaces && call.store.get(to))) {
    call.reply.integer(0);
  } else if (give(call, from, to)) {
    call.reply.integer(1);
  }
}

void rename(DataCall& call) {
  const auto ok = [&] { call.reply.simple("OK"); };
  rename_by(call, false, ok, ok);
}

void renamenx(DataCall& call) {
  rename_by(call, true, [&] { call.reply.integer(1); }, [&] { call.reply.integer(0); });
}

}  // namespace understudy::server
