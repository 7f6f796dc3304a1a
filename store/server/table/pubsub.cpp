// Commands about channels.
#include "server/table/rows.hpp"

namespace understudy::server {
namespace {

using namespace table;

constexpr std::uint32_t subscribing = f::pubsub | f::noscript | f::loading | f::stale;
constexpr std::uint32_t asking = f::pubsub | f::loading | f::stale;
constexpr std::string_view per_name = "O(N), N being the number of names given";
constexpr std::string_view per_channel = "O(N), N being the number of channels with subscribers";

// clang-format off
constexpr auto rows = std::to_array<Command>({
    {.name = "psubscribe", .arity = -2, .flags = subscribing, .channels = {1, -1, true}, .group = "pubsub", .since = "2.0.0",
     .complexity = per_name, .usage = "pattern [pattern ...]",
     .summary = "Subscribes to all channels whose names fit a pattern", .session = psubscribe},
    {.name = "publish", .arity = 3, .flags = asking | f::fast, .channels = {1, 1, false}, .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N+M), N being the subscribers of the channel, M all patterns", .usage = "channel message",
     .summary = "Sends a message to who has subscribed; gives how many subscriptions that were", .session = publish},
    {.name = "pubsub", .arity = -2, .group = "pubsub", .since = "2.8.0", .complexity = "That of the subcommand",
     .summary = "Asks about channels"},
    {.name = "pubsub|channels", .arity = -2, .flags = asking, .group = "pubsub", .since = "2.8.0",
     .complexity = per_channel, .usage = "[pattern]", .summary = "Gives the channels that have subscribers",
     .session = pubsub_channels},
    {.name = "pubsub|help", .arity = 2, .flags = always_allowed, .group = "pubsub", .since = "6.2.0",
     .complexity = constant, .summary = "Lists the subcommands", .session = pubsub_help},
    {.name = "pubsub|numpat", .arity = 2, .flags = asking, .group = "pubsub", .since = "2.8.0",
     .complexity = constant, .summary = "Gives the number of patterns with subscribers", .session = pubsub_numpat},
    {.name = "pubsub|numsub", .arity = -2, .flags = asking, .group = "pubsub", .since = "2.8.0",
     .complexity = per_name, .usage = "[channel ...]", .summary = "Gives how many have subscribed to each channel",
     .session = pubsub_numsub},
    {.name = "punsubscribe", .arity = -1, .flags = subscribing, .group = "pubsub", .since = "2.0.0",
     .complexity = per_name, .usage = "[pattern ...]", .summary = "Ends subscriptions to patterns, or all of them",
     .session = punsubscribe},
    {.name = "subscribe", .arity = -2, .flags = subscribing, .channels = {1, -1, false}, .group = "pubsub", .since = "2.0.0",
     .complexity = per_name, .usage = "channel [channel ...]", .summary = "Subscribes to channels",
     .session = subscribe},
    {.name = "unsubscribe", .arity = -1, .flags = subscribing, .group = "pubsub", .since = "2.0.0",
     .complexity = per_name, .usage = "[channel ...]", .summary = "Ends subscriptions to channels, or all of them",
     .session = unsubscribe},
});
// clang-format on

}  // namespace

std::span<const Command> pubsub_commands() noexcept { return rows; }

}  // namespace understudy::server
