// Commands on one value, or on several.
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "understudy/journal/record.hpp"

#include <limits>
#include <string>

namespace understudy::server {
namespace {

constexpr std::string_view too_long = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
constexpr std::string_view no_expiry =
    "ERR EX, PX, EXAT, PXAT and KEEPTTL are not supported: this store has no expiry yet";
constexpr std::size_t value_bytes_max = std::size_t{512} << 20U;
// A record of the journal holds the key, the value, and some words on both.
constexpr std::size_t entry_bytes_max = payload_bytes_max - 1024;

/// Whether the key can have a value of this length; if not, the reply says so.
bool check_size(DataCall& call, BytesView key, std::size_t value_bytes) {
  if (value_bytes <= value_bytes_max && key.size() + value_bytes <= entry_bytes_max) return true;
  call.reply.error(too_long);
  return false;
}

void reply_value(DataCall& call, const Bytes* value) {
  if (value == nullptr) {
    call.reply.null();
  } else {
    call.reply.bulk(*value);
  }
}

void add(DataCall& call, std::int64_t change) {
  const BytesView key = call.arguments[1];
  const Bytes* value = call.store.get(key);
  const std::optional<std::int64_t> before = value == nullptr ? 0 : parse_integer(*value);
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
  call.set(key, std::to_string(sum));
  call.reply.integer(sum);
}

/// What follows SET's value.
struct SetOptions {
  bool only_new = false;
  bool only_existing = false;
  bool give_old = false;
};

/// The options; or what is wrong with them.
std::string_view parse_set_options(Arguments words, SetOptions& options) {
  bool expires = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const BytesView word = words[i];
    const bool has_time = is_word(word, "EX") || is_word(word, "PX") || is_word(word, "EXAT") || is_word(word, "PXAT");
    if (is_word(word, "NX") && !options.only_existing) {
      options.only_new = true;
    } else if (is_word(word, "XX") && !options.only_new) {
      options.only_existing = true;
    } else if (is_word(word, "GET")) {
      options.give_old = true;
    } else if (!expires && (is_word(word, "KEEPTTL") || (has_time && i + 1 < words.size()))) {
      expires = true;
      i += has_time ? 1 : 0;
    } else {
      return syntax_error;
    }
  }
  return expires ? no_expiry : std::string_view{};
}

}  // namespace

void append(DataCall& call) {
  const BytesView key = call.arguments[1];
  const Bytes* value = call.store.get(key);
  const std::size_t length = (value == nullptr ? 0 : value->size()) + call.arguments[2].size();
  if (!check_size(call, key, length)) return;
  Bytes longer;
  longer.reserve(length);
  if (value != nullptr) longer = *value;
  longer += call.arguments[2];
  call.set(key, std::move(longer));
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
  const Bytes* value = call.store.get(call.arguments[1]);
  reply_value(call, value);
  if (value != nullptr) call.store.erase(call.arguments[1]);
}

void getset(DataCall& call) {
  if (!check_size(call, call.arguments[1], call.arguments[2].size())) return;
  reply_value(call, call.store.get(call.arguments[1]));
  call.set(call.arguments[1], Bytes(call.arguments[2]));
}

void mget(DataCall& call) {
  const Arguments keys = call.arguments.subspan(1);
  call.reply.array(keys.size());
  for (const BytesView key : keys) reply_value(call, call.store.get(key));
}

void mset(DataCall& call) {
  const Arguments words = call.arguments.subspan(1);
  if (words.size() % 2 != 0) {
    call.reply.error("ERR wrong number of arguments for 'mset' command");
    return;
  }
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (!check_size(call, words[i], words[i + 1].size())) return;
  }
  for (std::size_t i = 0; i < words.size(); i += 2) call.set(words[i], Bytes(words[i + 1]));
  call.reply.simple("OK");
}

void set(DataCall& call) {
  const BytesView key = call.arguments[1];
  const BytesView value = call.arguments[2];
  SetOptions options;
  if (call.arguments.size() > 3) {
    const std::string_view problem = parse_set_options(call.arguments.subspan(3), options);
    if (!problem.empty()) {
      call.reply.error(problem);
      return;
    }
  }
  if (!check_size(call, key, value.size())) return;
  const bool conditional = options.only_new || options.only_existing;
  const Bytes* old = conditional || options.give_old ? call.store.get(key) : nullptr;
  const bool changes = !conditional || (old == nullptr) == options.only_new;
  if (options.give_old) {
    reply_value(call, old);
  } else if (changes) {
    call.reply.simple("OK");
  } else {
    call.reply.null();
  }
  if (changes) call.set(key, Bytes(value));
}

void setnx(DataCall& call) {
  if (!check_size(call, call.arguments[1], call.arguments[2].size())) return;
  const bool is_new = call.store.get(call.arguments[1]) == nullptr;
  if (is_new) call.set(call.arguments[1], Bytes(call.arguments[2]));
  call.reply.integer(is_new ? 1 : 0);
}

void strlen(DataCall& call) {
  const Bytes* value = call.store.get(call.arguments[1]);
  call.reply.integer(value == nullptr ? 0 : static_cast<std::int64_t>(value->size()));
}

}  // namespace understudy::server
