// Commands on the times when keys die.
#include "server/commands/arguments.hpp"
#include "server/commands/expire_time.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/value_size.hpp"

#include <limits>
#include <string>

namespace understudy::server {
namespace {

constexpr std::int64_t any_number = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t milliseconds_a_second = 1000;

/// What follows the time of EXPIRE and its kin.
struct Conditions {
  bool only_without = false;
  bool only_with = false;
  bool only_later = false;
  bool only_earlier = false;
};

/// False: there is something wrong with them, and the reply says what.
bool read_conditions(DataCall& call, Conditions& conditions) {
  for (const BytesView word : call.arguments.subspan(3)) {
    if (is_word(word, "NX")) {
      conditions.only_without = true;
    } else if (is_word(word, "XX")) {
      conditions.only_with = true;
    } else if (is_word(word, "GT")) {
      conditions.only_later = true;
    } else if (is_word(word, "LT")) {
      conditions.only_earlier = true;
    } else {
      call.reply.error(fmt::format("ERR Unsupported option {}", shown(word)));
      return false;
    }
  }
  if (conditions.only_without && (conditions.only_with || conditions.only_later || conditions.only_earlier)) {
    call.reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions.only_later && conditions.only_earlier) {
    call.reply.error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

/// A key without a time lives for ever: nothing is later.
bool allows(const Conditions& conditions, std::optional<WallTime> before, WallTime time) {
  if (conditions.only_without && before) return false;
  if (conditions.only_with && !before) return false;
  if (conditions.only_later && (!before || time <= *before)) return false;
  return !conditions.only_earlier || !before || time < *before;
}

void expire_by(DataCall& call, TimeForm form) {
  Conditions conditions;
  if (!read_conditions(call, conditions)) return;
  const std::optional<WallTime> time = read_expire_time(call, call.arguments[2], form, any_number);
  if (!time) return;
  const BytesView key = call.arguments[1];
  const bool done = call.store.get(key) && allows(conditions, call.store.expiry(key), *time);
  if (done) call.store.expire_at(key, time);
  call.reply.integer(done ? 1 : 0);
}

void set_by(DataCall& call, TimeForm form) {
  const std::optional<WallTime> time = read_expire_time(call, call.arguments[2], form, 1);
  if (!time || !check_size(call, call.arguments[1], call.arguments[3].size())) return;
  call.store.set(call.arguments[1], call.arguments[3], time);
  call.reply.simple("OK");
}

/// When the key dies, or how long it has: -2 if it is not there, -1 if it lives for ever.
void reply_time(DataCall& call, TimeForm form) {
  constexpr std::int64_t not_there = -2;
  constexpr std::int64_t never = -1;
  if (!call.store.get(call.arguments[1])) {
    call.reply.integer(not_there);
    return;
  }
  const std::optional<WallTime> time = call.store.expiry(call.arguments[1]);
  if (!time) {
    call.reply.integer(never);
    return;
  }
  const std::int64_t base = form.from_now ? call.store.now().time_since_epoch().count() : 0;
  const std::int64_t milliseconds = time->time_since_epoch().count() - base;
  const std::int64_t half = milliseconds_a_second / 2;
  call.reply.integer(form.in_seconds
                         ? milliseconds / milliseconds_a_second + (milliseconds % milliseconds_a_second >= half ? 1 : 0)
                         : milliseconds);
}

}  // namespace

void expire(DataCall& call) { expire_by(call, {.in_seconds = true, .from_now = true}); }
void expireat(DataCall& call) { expire_by(call, {.in_seconds = true, .from_now = false}); }
void pexpire(DataCall& call) { expire_by(call, {.in_seconds = false, .from_now = true}); }
void pexpireat(DataCall& call) { expire_by(call, {.in_seconds = false, .from_now = false}); }

void setex(DataCall& call) { set_by(call, {.in_seconds = true, .from_now = true}); }
void psetex(DataCall& call) { set_by(call, {.in_seconds = false, .from_now = true}); }

void ttl(DataCall& call) { reply_time(call, {.in_seconds = true, .from_now = true}); }
void pttl(DataCall& call) { reply_time(call, {.in_seconds = false, .from_now = true}); }
void expiretime(DataCall& call) { reply_time(call, {.in_seconds = true, .from_now = false}); }
void pexpiretime(DataCall& call) { reply_time(call, {.in_seconds = false, .from_now = false}); }

void persist(DataCall& call) {
  const bool has_time = call.store.expiry(call.arguments[1]).has_value();
  if (has_time) call.store.expire_at(call.arguments[1], std::nullopt);
  call.reply.integer(has_time ? 1 : 0);
}

void getex(DataCall& call) {
  const BytesView key = call.arguments[1];
  const Arguments words = call.arguments.subspan(2);
  TimeOption time;
  bool persists = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_word(words[i], "PERSIST") && !time.given()) {
      persists = true;
    } else if (persists || !time.take(words, i)) {
      call.reply.error(syntax_error);
      return;
    }
  }
  const std::optional<BytesView> value = call.store.get(key);
  if (!value) {
    call.reply.null();
    return;
  }
  std::optional<WallTime> expires_at;
  if (time.given()) {
    expires_at = time.read(call);
    if (!expires_at) return;
  }
  call.reply.bulk(*value);
  if (expires_at || persists) call.store.expire_at(key, expires_at);
}

}  // namespace understudy::server
