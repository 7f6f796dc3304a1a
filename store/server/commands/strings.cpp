// Commands on one value, or on several.
#include "server/commands/arguments.hpp"
#include "server/commands/expire_time.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/value_size.hpp"
#include "understudy/actor/long_copy.hpp"

#include <limits>
#include <string>

#include <fmt/format.h>

namespace understudy::server {
namespace {

void reply_value(DataCall& call, std::optional<BytesView> value) {
  if (value) {
    call.reply.bulk(*value);
  } else {
    call.reply.null();
  }
}

void add(DataCall& call, std::int64_t change) {
  const BytesView key = call.arguments[1];
  const std::optional<BytesView> value = call.store.get(key);
  const std::optional<std::int64_t> before = value ? parse_integer(*value) : 0;
  if (!before) {
    call.reply.error(not_an_integer);
    return;
  }
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*before, change, &sum)) {
    call.reply.error("ERR increment or decrement would overflow");
    return;
  }
  if (!check_size(call, key, std::numeric_limits<std::int64_t>::digits10 + 2)) return;
  call.store.set(key, std::to_string(sum), call.store.expiry(key));
  call.reply.integer(sum);
}

/// Whether each key of MSET and its kin has a value that it can have; if not, the reply says so.
bool check_pairs(DataCall& call, std::string_view name) {
  const Arguments words = call.arguments.subspan(1);
  if (words.size() % 2 != 0) {
    call.reply.error(fmt::format("ERR wrong number of arguments for '{}' command", name));
    return false;
  }
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (!check_size(call, words[i], words[i + 1].size())) return false;
  }
  return true;
}

void set_pairs(DataCall& call) {
  const Arguments words = call.arguments.subspan(1);
  for (std::size_t i = 0; i < words.size(); i += 2) call.store.set(words[i], words[i + 1]);
}

/// What follows SET's value.
struct SetOptions {
  bool only_new = false;
  bool only_existing = false;
  bool give_old = false;
  bool keep_time = false;
  TimeOption time;
};

/// False: they are not such options.
bool parse_set_options(Arguments words, SetOptions& options) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const BytesView word = words[i];
    if (is_word(word, "NX") && !options.only_existing) {
      options.only_new = true;
    } else if (is_word(word, "XX") && !options.only_new) {
      options.only_existing = true;
    } else if (is_word(word, "GET")) {
      options.give_old = true;
    } else if (is_word(word, "KEEPTTL") && !options.time.given()) {
      options.keep_time = true;
    } else if (options.keep_time || !options.time.take(words, i)) {
      return false;
    }
  }
  return true;
}

}  // namespace

void append(DataCall& call) {
  const BytesView key = call.arguments[1];
  const BytesView value = call.store.get(key).value_or(BytesView());
  const std::size_t length = value.size() + call.arguments[2].size();
  if (!check_size(call, key, length)) return;
  Bytes longer;
  longer.reserve(length);
  append_long(longer, value);
  append_long(longer, call.arguments[2]);
  call.store.set(key, longer, call.store.expiry(key));
  call.reply.integer(static_cast<std::int64_t>(length));
}

void incr(DataCall& call) { add(call, 1); }

void decr(DataCall& call) { add(call, -1); }

void incrby(DataCall& call) {
  const std::optional<std::int64_t> change = parse_integer(call.arguments[2]);
  if (!change) {
    call.reply.error(not_an_integer);
    return;
  }
  add(call, *change);
}

void decrby(DataCall& call) {
  const std::optional<std::int64_t> change = parse_integer(call.arguments[2]);
  if (!change) {
    call.reply.error(not_an_integer);
  } else if (*change == std::numeric_limits<std::int64_t>::min()) {
    call.reply.error("ERR decrement would overflow");
  } else {
    add(call, -*change);
  }
}

void get(DataCall& call) { reply_value(call, call.store.get(call.arguments[1])); }

void getdel(DataCall& call) {
  const std::optional<BytesView> value = call.store.get(call.arguments[1]);
  reply_value(call, value);
  if (value) call.store.erase(call.arguments[1]);
}

void getset(DataCall& call) {
  if (!check_size(call, call.arguments[1], call.arguments[2].size())) return;
  reply_value(call, call.store.get(call.arguments[1]));
  call.store.set(call.arguments[1], call.arguments[2]);
}

void mget(DataCall& call) {
  const Arguments keys = call.arguments.subspan(1);
  const std::size_t begin = call.reply.mark();
  call.reply.array(keys.size());
  for (const BytesView key : keys) {
    reply_value(call, call.store.get(key));
    if (call.reply.mark() - begin <= reply_bytes_max) continue;
    call.reply.take_back(begin);
    call.reply.error(fmt::format("ERR these values are longer than {} bytes together", reply_bytes_max));
    return;
  }
}

void mset(DataCall& call) {
  if (!check_pairs(call, "mset")) return;
  set_pairs(call);
  call.reply.simple("OK");
}

// A key may be named twice: what counts is that it is not there before; then the last value stays.
void msetnx(DataCall& call) {
  if (!check_pairs(call, "msetnx")) return;
  const Arguments words = call.arguments.subspan(1);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (!call.store.get(words[i])) continue;
    call.reply.integer(0);
    return;
  }
  set_pairs(call);
  call.reply.integer(1);
}

void set(DataCall& call) {
  const BytesView key = call.arguments[1];
  const BytesView value = call.arguments[2];
  SetOptions options;
  if (!parse_set_options(call.arguments.subspan(3), options)) {
    call.reply.error(syntax_error);
    return;
  }
  std::optional<WallTime> expires_at;
  if (options.time.given()) {
    expires_at = options.time.read(call);
    if (!expires_at) return;
  }
  if (!check_size(call, key, value.size())) return;
  const bool conditional = options.only_new || options.only_existing;
  const std::optional<BytesView> old =
      conditional || options.give_old ? call.store.get(key) : std::optional<BytesView>();
  const bool changes = !conditional || old.has_value() != options.only_new;
  if (options.give_old) {
    reply_value(call, old);
  } else if (changes) {
    call.reply.simple("OK");
  } else {
    call.reply.null();
  }
  if (!changes) return;
  call.store.set(key, value, options.keep_time ? call.store.expiry(key) : expires_at);
}

void setnx(DataCall& call) {
  if (!check_size(call, call.arguments[1], call.arguments[2].size())) return;
  const bool is_new = !call.store.get(call.arguments[1]);
  if (is_new) call.store.set(call.arguments[1], call.arguments[2]);
  call.reply.integer(is_new ? 1 : 0);
}

void strlen(DataCall& call) {
  const BytesView value = call.store.get(call.arguments[1]).value_or(BytesView());
  call.reply.integer(static_cast<std::int64_t>(value.size()));
}

}  // namespace understudy::server
