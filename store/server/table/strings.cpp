// Commands on the values of keys.
#include "server/table/rows.hpp"

namespace understudy::server {
namespace {

using namespace table;

// clang-format off
constexpr auto rows = std::to_array<Command>({
    {.name = "append", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW insert", .group = "string", .since = "2.0.0", .complexity = "O(N), N being the length of the new value",
     .usage = "key value", .summary = "Adds a value to the end of a key's value",
     .note = "the whole new value goes to the journal", .data = append},
    {.name = "decr", .arity = 2, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key", .summary = "Takes one from the number a key holds", .data = decr},
    {.name = "decrby", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key decrement", .summary = "Takes a number from the number a key holds", .data = decrby},
    {.name = "get", .arity = 2, .flags = f::readonly | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RO access", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key", .summary = "Gives the value of a key", .data = get},
    {.name = "getdel", .arity = 2, .flags = f::write | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access delete", .group = "string", .since = "6.2.0", .complexity = constant,
     .usage = "key", .summary = "Gives the value of a key, and removes the key", .data = getdel},
    {.name = "getex", .arity = -2, .flags = f::write | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .key_note = "RW and UPDATE because it changes the TTL", .group = "string",
     .since = "6.2.0", .complexity = constant,
     .usage = "key [EX seconds|PX milliseconds|EXAT seconds|PXAT milliseconds|PERSIST]",
     .summary = "Gives the value of a key, and changes when it dies", .data = getex},
    {.name = "getrange", .arity = 4, .flags = f::readonly, .categories = c::string, .keys = one_key,
     .key_access = "RO access", .group = "string", .since = "2.4.0", .complexity = "O(N), N being the length of the part",
     .usage = "key start end", .summary = "Gives a part of a key's value",
     .note = "negative numbers count from its end", .data = getrange},
    {.name = "getset", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key value", .summary = "Sets a key's value, and gives the one before", .data = getset},
    {.name = "incr", .arity = 2, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key", .summary = "Adds one to the number a key holds", .data = incr},
    {.name = "incrby", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key increment", .summary = "Adds a number to the number a key holds", .data = incrby},
    {.name = "incrbyfloat", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string,
     .keys = one_key, .key_access = "RW access update", .group = "string", .since = "2.6.0", .complexity = constant,
     .usage = "key increment", .summary = "Adds a number, which may have a fraction, to the number a key holds",
     .note = "the sum goes to the journal", .data = incrbyfloat},
    {.name = "mget", .arity = -2, .flags = f::readonly | f::fast, .categories = c::string, .keys = all_keys,
     .key_access = "RO access", .tips = spread, .group = "string", .since = "1.0.0", .complexity = per_key,
     .usage = "key [key ...]", .summary = "Gives the values of several keys", .data = mget},
    {.name = "mset", .arity = -3, .flags = f::write | f::denyoom, .categories = c::string, .keys = {1, -1, 2},
     .key_access = "OW update", .tips = "request_policy:multi_shard response_policy:all_succeeded", .group = "string",
     .since = "1.0.1", .complexity = per_key,
     .usage = "key value [key value ...]", .summary = "Sets the values of several keys, all or none", .data = mset},
    {.name = "msetnx", .arity = -3, .flags = f::write | f::denyoom, .categories = c::string, .keys = {1, -1, 2},
     .key_access = "OW insert", .tips = "request_policy:multi_shard response_policy:agg_min", .group = "string",
     .since = "1.0.1", .complexity = per_key, .usage = "key value [key value ...]",
     .summary = "Sets the values of several keys, unless one of them is there", .data = msetnx},
    {.name = "psetex", .arity = 4, .flags = f::write | f::denyoom, .categories = c::string, .keys = one_key,
     .key_access = "OW update", .group = "string", .since = "2.6.0", .complexity = constant,
     .usage = "key milliseconds value", .summary = "Sets a key's value, and how long it lives", .data = psetex},
    {.name = "set", .arity = -3, .flags = f::write | f::denyoom, .categories = c::string, .keys = one_key,
     .key_access = "RW access update variable_flags", .key_note = "RW and ACCESS due to the optional `GET` argument",
     .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT seconds|PXAT milliseconds|KEEPTTL]",
     .summary = "Sets a key's value",
     .note = "it lives for ever unless a time is given, or kept", .data = set},
    {.name = "setex", .arity = 4, .flags = f::write | f::denyoom, .categories = c::string, .keys = one_key,
     .key_access = "OW update", .group = "string", .since = "2.0.0", .complexity = constant,
     .usage = "key seconds value", .summary = "Sets a key's value, and how long it lives", .data = setex},
    {.name = "setnx", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "OW insert", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key value", .summary = "Sets a key's value, unless the key is there", .data = setnx},
    {.name = "setrange", .arity = 4, .flags = f::write | f::denyoom, .categories = c::string, .keys = one_key,
     .key_access = "RW update", .group = "string", .since = "2.2.0",
     .complexity = "O(N), N being the length of the new value", .usage = "key offset value",
     .summary = "Writes over a part of a key's value, with zero bytes before it where there is nothing",
     .note = "the whole new value goes to the journal", .data = setrange},
    {.name = "strlen", .arity = 2, .flags = f::readonly | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RO", .group = "string", .since = "2.2.0", .complexity = constant,
     .usage = "key", .summary = "Gives the length of a key's value", .data = strlen},
    {.name = "substr", .arity = 4, .flags = f::readonly, .categories = c::string, .keys = one_key,
     .key_access = "RO access", .group = "string", .since = "1.0.0", .complexity = "O(N), N being the length of the part",
     .usage = "key start end", .summary = "As GETRANGE, under its first name", .data = getrange},
});
// clang-format on

}  // namespace

std::span<const Command> string_commands() noexcept { return rows; }

}  // namespace understudy::server
