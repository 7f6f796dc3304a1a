// What readers and writers of a store's content, in whatever form, have in common: text goes in or comes out piece by
// piece, so that the content of a large store is never in memory as text.
//
// Threads: one object is used by one thread at a time.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/base/error.hpp"
#include "understudy/store/transaction.hpp"

#include <functional>
#include <optional>

namespace understudy::store {

/// A key, its value, and when it dies.
struct DataEntry {
  Bytes key;
  Bytes value;
  std::optional<WallTime> expires_at = std::nullopt;
  bool operator==(const DataEntry&) const = default;
};
/// Gets each entry, in the order of the text. An error ends the reading, with the place added to its message.
using TakeEntry = std::function<Result<void>(DataEntry)>;

class EntryReader {
 public:
  virtual ~EntryReader() = default;
  /// Takes the next piece of the text, cut anywhere. After an error nothing more may be given.
  [[nodiscard]] virtual Result<void> feed(BytesView piece) = 0;
  /// The text has come to its end.
  [[nodiscard]] virtual Result<void> finish() = 0;
};

class EntryWriter {
 public:
  virtual ~EntryWriter() = default;
  virtual void add(const KeyView& entry) = 0;
  /// Nothing may follow.
  virtual void finish() = 0;
};

}  // namespace understudy::store
