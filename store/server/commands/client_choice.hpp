// Which connections CLIENT LIST and CLIENT KILL mean.
#pragma once

#include "server/acl/acl.hpp"
#include "server/client.hpp"
#include "server/command.hpp"
#include "server/commands/arguments.hpp"
#include "understudy/base/error.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace understudy::server {

/// A kind of connection, as Redis divides them. There are none of the last two here.
enum class ClientType : std::uint8_t { normal, pubsub, master, replica };

[[nodiscard]] inline ClientType type_of(const ClientFacts& facts) noexcept {
  return facts.channels + facts.patterns > 0 ? ClientType::pubsub : ClientType::normal;
}

/// The error's message is the reply.
[[nodiscard]] inline Result<ClientType> parse_client_type(BytesView word) {
  struct Name {
    std::string_view word;
    ClientType type;
  };
  static constexpr std::array<Name, 5> names{{{"NORMAL", ClientType::normal},
                                              {"PUBSUB", ClientType::pubsub},
                                              {"MASTER", ClientType::master},
                                              {"REPLICA", ClientType::replica},
                                              {"SLAVE", ClientType::replica}}};
  for (const Name& name : names) {
    if (is_word(word, name.word)) return name.type;
  }
  return failure(ErrorCode::invalid_argument, fmt::format("ERR Unknown client type '{}'", shown(word)));
}

/// What CLIENT KILL is given, in its newer form.
struct KillFilter {
  std::optional<std::uint64_t> id = {};
  std::optional<BytesView> address = {};
  std::optional<BytesView> local_address = {};
  std::optional<BytesView> user = {};
  std::optional<ClientType> type = {};
  bool spares_caller = true;

  [[nodiscard]] bool fits(const ClientFacts& facts, std::uint64_t caller) const {
    return (!id || facts.id == *id) && (!address || facts.peer == *address) &&
           (!local_address || facts.local == *local_address) && (!user || facts.user == *user) &&
           (!type || type_of(facts) == *type) && !(spares_caller && facts.id == caller);
  }
};
/// The error's message is the reply.
[[nodiscard]] inline Result<KillFilter> parse_kill_filter(Arguments words, const Acl& acl) {
  KillFilter filter;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return failure(ErrorCode::invalid_argument, syntax_error);
    const BytesView value = words[i + 1];
    if (is_word(words[i], "ID")) {
      const std::optional<std::int64_t> id = parse_integer(value);
      if (!id || *id < 1) return failure(ErrorCode::invalid_argument, "ERR client-id should be greater than 0");
      filter.id = static_cast<std::uint64_t>(*id);
    } else if (is_word(words[i], "TYPE")) {
      const Result<ClientType> type = parse_client_type(value);
      if (!type) return std::unexpected(type.error());
      filter.type = *type;
    } else if (is_word(words[i], "ADDR")) {
      filter.address = value;
    } else if (is_word(words[i], "LADDR")) {
      filter.local_address = value;
    } else if (is_word(words[i], "USER")) {
      if (acl.find(value) == nullptr) {
        return failure(ErrorCode::invalid_argument, fmt::format("ERR No such user '{}'", shown(value)));
      }
      filter.user = value;
    } else if (is_word(words[i], "SKIPME") && (is_word(value, "YES") || is_word(value, "NO"))) {
      filter.spares_caller = is_word(value, "YES");
    } else {
      return failure(ErrorCode::invalid_argument, syntax_error);
    }
  }
  return filter;
}

}  // namespace understudy::server
