// What a value is, and what it takes.
#include "server/command_table.hpp"
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"

#include <optional>

namespace understudy::server {
namespace {

/// The longest value that Redis keeps in one block with its head.
constexpr std::size_t embedded_bytes_max = 44;

}  // namespace

void memory_help(SessionCall& call) { reply_with_help(*find_command("memory"), call.reply); }

void memory_usage(DataCall& call) {
  const Arguments words = call.arguments.subspan(3);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (!is_word(words[i], "SAMPLES") || i + 1 == words.size()) {
      call.reply.error(syntax_error);
      return;
    }
    // Of collections, which there are none of.
    const std::optional<std::int64_t> samples = parse_integer(words[i + 1]);
    if (!samples || *samples < 0) {
      call.reply.error(samples ? syntax_error : not_an_integer);
      return;
    }
  }
  const std::optional<std::size_t> bytes = call.store.memory_bytes(call.arguments[2]);
  if (bytes) {
    call.reply.integer(static_cast<std::int64_t>(*bytes));
  } else {
    call.reply.null();
  }
}

// Here every value is bytes; what it is called is what Redis would make of it when it is set.
void object_encoding(DataCall& call) {
  const std::optional<BytesView> value = call.store.get(call.arguments[2]);
  if (!value) {
    call.reply.null();
  } else if (parse_integer(*value)) {
    call.reply.bulk("int");
  } else {
    call.reply.bulk(value->size() <= embedded_bytes_max ? "embstr" : "raw");
  }
}

void object_freq(DataCall& call) {
  if (!call.store.get(call.arguments[2])) {
    call.reply.null();
    return;
  }
  call.reply.error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching "
      "between policies at runtime LRU and LFU data will take some time to adjust.");
}

void object_help(SessionCall& call) { reply_with_help(*find_command("object"), call.reply); }

void object_refcount(DataCall& call) {
  if (call.store.get(call.arguments[2])) {
    call.reply.integer(1);
  } else {
    call.reply.null();
  }
}

}  // namespace understudy::server
