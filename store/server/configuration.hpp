// The parameters that CONFIG GET shows and CONFIG SET changes: one row each, in the order of their names.
//
// Threads: `get` may be called from any thread, `set` by one at a time (change_parameters sees to it).
#pragma once

#include "server/server_context.hpp"
#include "understudy/base/bytes.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace understudy::server {

struct Parameter {
  std::string_view name;
  std::string (*get)(const ServerContext& server);
  /// Gives why it cannot be, in the words of Redis; nothing if it is done. Null: it stays as it is while the server
  /// runs.
  std::optional<std::string> (*set)(ServerContext& server, BytesView value) = nullptr;
  /// The certificate files are read again after it has changed.
  bool is_of_tls = false;
  /// `get` does not tell what it is.
  bool is_secret = false;
  /// Of those that stay as they are: it says where files are, and Redis has a setting of its own for whether it may
  /// change.
  bool is_protected = false;
};

[[nodiscard]] std::span<const Parameter> parameters() noexcept;

/// What CONFIG SET does: all of `words` (name, value, name, value…) or nothing. Gives the error to reply with, if any.
[[nodiscard]] std::optional<std::string> change_parameters(ServerContext& server, std::span<const BytesView> words);

}  // namespace understudy::server
