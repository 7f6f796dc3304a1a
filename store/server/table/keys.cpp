// Commands on keys, whatever they hold.
#include "server/table/rows.hpp"

namespace understudy::server {
namespace {

using namespace table;

// clang-format off
constexpr auto rows = std::to_array<Command>({
    {.name = "dbsize", .arity = 1, .flags = f::readonly | f::fast, .categories = c::keyspace,
     .tips = "request_policy:all_shards response_policy:agg_sum", .group = "server", .since = "1.0.0",
     .complexity = constant, .summary = "Gives the number of keys", .data = dbsize},
    {.name = "del", .arity = -2, .flags = f::write, .categories = c::keyspace, .keys = all_keys,
     .key_access = "RM delete", .tips = spread_sum, .group = "generic", .since = "1.0.0", .complexity = per_key,
     .usage = "key [key ...]", .summary = "Removes keys; gives how many were there", .data = del},
    {.name = "exists", .arity = -2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = all_keys,
     .key_access = "RO", .tips = spread_sum, .group = "generic", .since = "1.0.0", .complexity = per_key,
     .usage = "key [key ...]", .summary = "Gives how many of the keys are there", .data = exists},
    {.name = "expire", .arity = -3, .flags = f::write | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RW update", .group = "generic", .since = "1.0.0", .complexity = constant,
     .usage = "key seconds [NX|XX|GT|LT]", .summary = "Says how long a key lives", .data = expire},
    {.name = "expireat", .arity = -3, .flags = f::write | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RW update", .group = "generic", .since = "1.2.0", .complexity = constant,
     .usage = "key seconds [NX|XX|GT|LT]", .summary = "Says when a key dies, in seconds since 1970", .data = expireat},
    {.name = "expiretime", .arity = 2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RO access", .group = "generic", .since = "7.0.0", .complexity = constant,
     .usage = "key", .summary = "Gives when a key dies, in seconds since 1970", .data = expiretime},
    {.name = "flushall", .arity = -1, .flags = f::write, .categories = c::keyspace | c::dangerous, .tips = spread_all,
     .group = "server", .since = "1.0.0", .complexity = per_entry,
     .usage = "[ASYNC|SYNC]", .summary = "Removes every key", .data = flushall},
    {.name = "flushdb", .arity = -1, .flags = f::write, .categories = c::keyspace | c::dangerous, .tips = spread_all,
     .group = "server", .since = "1.0.0", .complexity = per_entry,
     .usage = "[ASYNC|SYNC]", .summary = "Removes every key", .data = flushall},
    {.name = "keys", .arity = 2, .flags = f::readonly, .categories = c::keyspace | c::dangerous,
     .tips = "request_policy:all_shards nondeterministic_output_order", .group = "generic", .since = "1.0.0",
     .complexity = per_entry, .usage = "pattern", .summary = "Gives the keys that fit a pattern", .data = keys},
    {.name = "persist", .arity = 2, .flags = f::write | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RW update", .group = "generic", .since = "2.2.0", .complexity = constant,
     .usage = "key", .summary = "Lets a key live for ever", .data = persist},
    {.name = "pexpire", .arity = -3, .flags = f::write | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RW update", .group = "generic", .since = "2.6.0", .complexity = constant,
     .usage = "key milliseconds [NX|XX|GT|LT]", .summary = "Says how long a key lives", .data = pexpire},
    {.name = "pexpireat", .arity = -3, .flags = f::write | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RW update", .group = "generic", .since = "2.6.0", .complexity = constant,
     .usage = "key milliseconds [NX|XX|GT|LT]", .summary = "Says when a key dies, in milliseconds since 1970",
     .data = pexpireat},
    {.name = "pexpiretime", .arity = 2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RO access", .group = "generic", .since = "7.0.0", .complexity = constant,
     .usage = "key", .summary = "Gives when a key dies, in milliseconds since 1970", .data = pexpiretime},
    {.name = "pttl", .arity = 2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RO access", .tips = "nondeterministic_output", .group = "generic", .since = "2.6.0",
     .complexity = constant, .usage = "key", .summary = "Gives how many milliseconds a key has to live", .data = pttl},
    {.name = "scan", .arity = -2, .flags = f::readonly, .categories = c::keyspace,
     .tips = "nondeterministic_output request_policy:special", .group = "generic", .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for the whole walk, N being the number of keys in the store",
     .usage = "cursor [MATCH pattern] [COUNT count] [TYPE type]", .summary = "Walks the keys, part by part", .data = scan},
    {.name = "ttl", .arity = 2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RO access", .tips = "nondeterministic_output", .group = "generic", .since = "1.0.0",
     .complexity = constant, .usage = "key", .summary = "Gives how many seconds a key has to live", .data = ttl},
    {.name = "type", .arity = 2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RO", .group = "generic", .since = "1.0.0", .complexity = constant,
     .usage = "key", .summary = "Gives the type of a key's value: string, or none", .data = type},
    {.name = "unlink", .arity = -2, .flags = f::write | f::fast, .categories = c::keyspace, .keys = all_keys,
     .key_access = "RM delete", .tips = spread_sum, .group = "generic", .since = "4.0.0", .complexity = per_key,
     .usage = "key [key ...]", .summary = "Removes keys, as DEL", .data = del},
});
// clang-format on

}  // namespace

std::span<const Command> key_commands() noexcept { return rows; }

}  // namespace understudy::server
