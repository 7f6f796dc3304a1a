#include "tool/user_settings.hpp"

#include "server/acl/user_file.hpp"
#include "tool/text_file.hpp"

#include <utility>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

Result<std::string> read_whole(const std::string& path) {
  const Result<std::unique_ptr<InputFile>> file = InputFile::open(path);
  if (!file) return std::unexpected(file.error());
  std::string text;
  while (true) {
    const Result<BytesView> piece = (*file)->next();
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) return text;
    text.append(*piece);
  }
}

Result<void> write_whole(const std::string& path, std::string_view text) {
  const Result<std::unique_ptr<OutputFile>> file = OutputFile::create(path, OutputFile::Readers::owner);
  if (!file) return std::unexpected(file.error());
  const Result<void> written = (*file)->append(text);
  if (!written) return written;
  return (*file)->finish(true);
}

}  // namespace

Result<void> apply_requirepass(Settings& settings, std::string_view text) {
  if (text.size() > server::password_bytes_max) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("a password has at most {} bytes", server::password_bytes_max));
  }
  settings.acl.required_password = std::nullopt;
  if (!text.empty()) settings.acl.required_password = server::hash_password(text);
  return {};
}

Result<void> apply_aclfile(Settings& settings, std::string_view text) {
  if (text == "-") return failure(ErrorCode::invalid_argument, "the name of a file is needed");
  const std::string path(text);
  settings.acl.file = path;
  settings.acl.read_file = [path] { return read_whole(path); };
  settings.acl.write_file = [path](std::string_view users) { return write_whole(path, users); };
  return {};
}

Result<void> apply_users(Settings& settings, const toml::node& table, const std::string& file) {
  const toml::table* const users = table.as_table();
  if (users == nullptr) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{}:{}: {}: must be a table: a line for each user, with the rules in quotes", file,
                               table.source().begin.line, users_key));
  }
  for (auto&& [name, node] : *users) {
    const auto fail = [&, line = name.source().begin.line](std::string_view why) {
      return failure(ErrorCode::invalid_argument,
                     fmt::format("{}:{}: {}.{}: {}", file, line, users_key, name.str(), why));
    };
    const auto rules = node.value_exact<std::string>();
    if (!rules) return fail("must be a text in quotes");
    if (!server::is_user_name(name.str())) return fail("a name has no spaces");
    Result<server::User> user = server::parse_user(name.str(), *rules);
    if (!user) return fail(user.error().message());
    settings.acl.users.push_back(std::move(*user));
  }
  return {};
}

}  // namespace understudy::tool
