// One connection to the database, in WAL mode with synchronous=FULL: each transaction is flushed before it returns.
#pragma once

#include <optional>
#include <string>

#include <sqlite3.h>

/// Threads: one at a time. Every call ends the program with a message when it fails, but `set` and `commit`.
class Database {
 public:
  explicit Database(const std::string& path);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  void begin();
  /// Outside of a transaction, one of its own. False: see `error`.
  [[nodiscard]] bool set(const std::string& key, const std::string& value);
  [[nodiscard]] bool commit();
  [[nodiscard]] std::optional<std::string> get(const std::string& key);
  [[nodiscard]] std::string error() const { return sqlite3_errmsg(connection_); }

 private:
  void run(const char* sql);
  sqlite3_stmt* prepare(const char* sql);
  [[nodiscard]] bool step(sqlite3_stmt* statement);

  sqlite3* connection_ = nullptr;
  sqlite3_stmt* set_ = nullptr;
  sqlite3_stmt* get_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
};
