#include "database.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

constexpr int busy_ms = 60'000;

[[noreturn]] void refuse(const char* what, sqlite3* connection) {
  std::fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(connection));
  std::exit(1);
}

void bind(sqlite3_stmt* statement, int number, const std::string& bytes) {
  sqlite3_bind_blob(statement, number, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
}

}  // namespace

Database::Database(const std::string& path) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &connection_, flags, nullptr) != SQLITE_OK) refuse("open", connection_);
  sqlite3_busy_timeout(connection_, busy_ms);
  run("PRAGMA journal_mode=WAL");
  run("PRAGMA synchronous=FULL");
  run("CREATE TABLE IF NOT EXISTS pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
  set_ = prepare("INSERT INTO pairs VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
  get_ = prepare("SELECT value FROM pairs WHERE key = ?1");
  begin_ = prepare("BEGIN IMMEDIATE");
  commit_ = prepare("COMMIT");
}

Database::~Database() {
  for (sqlite3_stmt* statement : {set_, get_, begin_, commit_}) sqlite3_finalize(statement);
  sqlite3_close(connection_);
}

void Database::run(const char* sql) {
  if (sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) refuse(sql, connection_);
}

sqlite3_stmt* Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection_, sql, -1, &statement, nullptr) != SQLITE_OK) refuse(sql, connection_);
  return statement;
}

bool Database::step(sqlite3_stmt* statement) {
  const int stepped = sqlite3_step(statement);
  sqlite3_reset(statement);
  return stepped == SQLITE_DONE;
}

void Database::begin() {
  if (!step(begin_)) refuse("BEGIN", connection_);
}

bool Database::set(const std::string& key, const std::string& value) {
  bind(set_, 1, key);
  bind(set_, 2, value);
  return step(set_);
}

bool Database::commit() { return step(commit_); }

std::optional<std::string> Database::get(const std::string& key) {
  bind(get_, 1, key);
  std::optional<std::string> value;
  if (sqlite3_step(get_) == SQLITE_ROW) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(get_, 0));
    value.emplace(bytes, static_cast<std::size_t>(sqlite3_column_bytes(get_, 0)));
  }
  sqlite3_reset(get_);
  return value;
}
