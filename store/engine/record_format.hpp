// Writing the store's records (understudy/store/records.hpp), and applying them.
#pragma once

#include "engine/key_space.hpp"
#include "understudy/base/error.hpp"
#include "understudy/durable/record_list.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/store/records.hpp"

namespace understudy::store {

/// The changes of one message to the writer, in order.
class ChangeList : public RecordList {
 public:
  void set(BytesView key, BytesView value, std::optional<WallTime> expires_at = std::nullopt);
  /// None: never.
  void expire(BytesView key, std::optional<WallTime> expires_at);
  void erase(BytesView key);
  void clear();
};

/// Applies a replayed record. Fails with data_damaged if it is none of ours.
Result<void> apply_record(const Record& record, KeySpace& keys);

}  // namespace understudy::store
