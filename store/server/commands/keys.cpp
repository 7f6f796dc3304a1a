// Commands on keys, and on all of them.
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "server/glob.hpp"

#include <string>
#include <vector>

namespace understudy::server {

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
  const BytesView pattern = call.arguments[1];
  std::vector<Bytes> found;
  call.store.for_each([&](const store::KeyView& each) {
    if (glob_matches(pattern, each.key)) found.emplace_back(each.key);
  });
  call.reply.array(found.size());
  for (const Bytes& key : found) call.reply.bulk(key);
}

void scan(DataCall& call) {
  const Arguments words = call.arguments;
  const BytesView cursor_word = words[1];
  std::uint64_t cursor = 0;
  const char* const cursor_end = cursor_word.data() + cursor_word.size();
  const auto [end, error] = std::from_chars(cursor_word.data(), cursor_end, cursor);
  if (error != std::errc{} || end != cursor_end) {
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
  std::vector<Bytes> found;
  cursor = call.store.scan(cursor, static_cast<std::size_t>(count), [&](const store::KeyView& each) {
    if (of_this_type && glob_matches(pattern, each.key)) found.emplace_back(each.key);
  });
  call.reply.array(2);
  call.reply.bulk(std::to_string(cursor));
  call.reply.array(found.size());
  for (const Bytes& key : found) call.reply.bulk(key);
}

void type(DataCall& call) { call.reply.simple(call.store.get(call.arguments[1]) ? "string" : "none"); }

}  // namespace understudy::server
