// Asking the store for what a connection wants to have done.
#pragma once

#include "server/conversation.hpp"
#include "server/server_context.hpp"
#include "understudy/runtime/task.hpp"
#include "understudy/store/messages.hpp"

#include <utility>

namespace understudy::server {

/// Ends when the operation is done, and as safe as the connection wants it (UNDERSTUDY DURABILITY).
inline Task<Result<void>> operate(ServerContext& server, const Conversation& conversation, store::Operation operation) {
  if (!conversation.durability) co_return co_await server.store->key_value().ask<store::Operate>(std::move(operation));
  const store::WriteOptions options{.durability = conversation.durability};
  co_return co_await server.store->key_value().ask<store::OperateWith>(std::move(operation), options);
}

}  // namespace understudy::server
