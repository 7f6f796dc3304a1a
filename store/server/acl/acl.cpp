#include "server/acl/acl.hpp"

#include "server/acl/user_file.hpp"
#include "understudy/base/logging.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace understudy::server {
namespace {

constexpr std::string_view default_name = "default";

/// For who is nobody: it takes as long as a wrong password does.
const User& nobody() {
  static const User user{.name = "", .enabled = false, .passwords = {PasswordHash{}}};
  return user;
}

std::shared_ptr<const User> share(User user) { return std::make_shared<const User>(std::move(user)); }

void set_password(User& user, const std::optional<PasswordHash>& hash) {
  user.any_password = !hash;
  user.passwords.clear();
  if (hash) user.passwords.push_back(*hash);
}

/// Of the user `default` with rules of its own, whether `requirepass` may stand beside them. In a file, which ACL SAVE
/// writes, they count, as in Redis; unless they open what the setting closes.
Result<void> agree_with(const User& own, const PasswordHash& required, std::string_view file) {
  if (file.empty()) {
    return failure(ErrorCode::invalid_argument,
                   "the user 'default' has rules of its own: they say its password, and requirepass must not");
  }
  if (own.any_password) {
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{} lets the user 'default' in without a password (nopass), and requirepass asks for "
                               "one: take one of the two away",
                               file));
  }
  if (std::ranges::find(own.passwords, required) == own.passwords.end()) {
    log_line(LogLevel::warning,
             fmt::format("requirepass does not count: {} says the passwords of the user 'default'", file));
  }
  return {};
}

}  // namespace

Acl::Acl() { users_.emplace(default_name, share(make_default_user())); }

Result<void> Acl::set_up(const AclOptions& options) {
  std::vector<User> users = options.users;
  if (!options.file.empty()) {
    if (!users.empty()) {
      return failure(ErrorCode::invalid_argument, "users stand either in the settings or in a file of their own");
    }
    const Result<std::string> text = options.read_file();
    if (!text) return std::unexpected(text.error());
    Result<std::vector<User>> read = parse_users(*text, options.file);
    if (!read) return std::unexpected(read.error());
    users = std::move(*read);
  }
  if (options.required_password) {
    const auto own = std::ranges::find(users, default_name, &User::name);
    if (own != users.end()) {
      Result<void> agree = agree_with(*own, *options.required_password, options.file);
      if (!agree) return agree;
    }
  }
  Aftermath none;
  require_password(options.required_password);
  replace_users(std::move(users), none);
  return {};
}

bool Acl::log_in(Login& login, BytesView name, BytesView password) {
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<const User> user = find_locked(name);
  const bool accepted = (user == nullptr ? nobody() : *user).accepts(password);
  if (user == nullptr || !accepted) return false;
  logins_[&login] = user->name;
  login.become(std::move(user), true);
  return true;
}

void Acl::log_out(Login& login) {
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<const User> user = find_locked(default_name);
  logins_[&login] = user->name;
  const bool open = user->any_password && user->enabled;
  login.become(std::move(user), open);
}

void Acl::enter(Login& login) { log_out(login); }

void Acl::leave(Login& login) {
  const std::scoped_lock lock(mutex_);
  logins_.erase(&login);
}

std::shared_ptr<const User> Acl::find_locked(BytesView name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second;
}

std::shared_ptr<const User> Acl::find(BytesView name) const {
  const std::scoped_lock lock(mutex_);
  return find_locked(name);
}

std::vector<std::shared_ptr<const User>> Acl::users() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::shared_ptr<const User>> all;
  for (const auto& [name, user] : users_) all.push_back(user);
  return all;
}

bool Acl::default_user_has_no_password() const {
  const std::shared_ptr<const User> user = find(default_name);
  return user->any_password && user->enabled;
}

Result<void> Acl::change_user(BytesView name, std::span<const std::string> rules, Aftermath& aftermath,
                              std::string* rule) {
  const std::scoped_lock lock(mutex_);
  const std::shared_ptr<const User> before = find_locked(name);
  User user = before == nullptr ? User{.name = std::string(name)} : *before;
  for (const std::string& each : rules) {
    Result<void> applied = apply_rule(user, each);
    if (applied) continue;
    if (rule != nullptr) *rule = each;
    return applied;
  }
  if (before != nullptr && !user.allows_channels_of(*before)) aftermath.narrowed.push_back(user.name);
  put(share(std::move(user)));
  return {};
}

std::size_t Acl::remove_users(std::span<const BytesView> names, Aftermath& aftermath) {
  const std::scoped_lock lock(mutex_);
  std::size_t removed = 0;
  for (const BytesView name : names) {
    const auto found = name == default_name ? users_.end() : users_.find(name);
    if (found == users_.end()) continue;
    users_.erase(found);
    ++removed;
  }
  tell_logins(aftermath);
  return removed;
}

void Acl::replace_users(std::vector<User> users, Aftermath& aftermath) {
  User default_user = make_default_user();
  const std::scoped_lock lock(mutex_);
  set_password(default_user, required_password_);
  Users after;
  after.emplace(default_name, share(std::move(default_user)));
  for (User& user : users) {
    std::shared_ptr<const User> shared = share(std::move(user));
    after.insert_or_assign(shared->name, shared);
  }
  users_.swap(after);
  for (const auto& [name, before] : after) {
    const std::shared_ptr<const User> now = find_locked(name);
    if (now != nullptr && !now->allows_channels_of(*before)) aftermath.narrowed.push_back(name);
  }
  tell_logins(aftermath);
}

void Acl::require_password(std::optional<PasswordHash> hash) {
  const std::scoped_lock lock(mutex_);
  required_password_ = hash;
  User user = *find_locked(default_name);
  set_password(user, hash);
  put(share(std::move(user)));
}

void Acl::put(std::shared_ptr<const User> user) {
  users_.insert_or_assign(user->name, user);
  for (const auto& [login, name] : logins_) {
    if (name == user->name) login->tell(user);
  }
}

void Acl::tell_logins(Aftermath& aftermath) {
  for (const auto& [login, name] : logins_) {
    std::shared_ptr<const User> user = find_locked(name);
    if (user == nullptr) aftermath.removed.push_back(login->connection_);
    login->tell(std::move(user));
  }
}

}  // namespace understudy::server
