// Acl: the users of a server, and who is logged in as which.
//
// It is made once the server starts, from the settings and the users' file, and changed by ACL SETUSER and its kin.
// Every change makes a new user, which all logins of it are given (login.hpp).
//
// Threads: every member may be called from any thread.
#pragma once

#include "server/acl/denials.hpp"
#include "server/acl/login.hpp"
#include "server/acl/login_delays.hpp"
#include "server/acl/user.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace understudy::server {

/// Who there is when a server starts; see docs/security.md.
struct AclOptions {
  /// The password of the default user. Unset: it needs none, unless the users below say otherwise.
  std::optional<PasswordHash> required_password = std::nullopt;
  /// Either these, or those of a file.
  std::vector<User> users = {};
  /// How the file is called in messages; empty if there is none.
  std::string file = {};
  /// They block, and are called where that does no harm.
  std::function<Result<std::string>()> read_file = {};
  std::function<Result<void>(std::string_view)> write_file = {};
};

class Acl {
 public:
  /// The default user, who may do everything and needs no password.
  Acl();
  Acl(const Acl&) = delete;
  Acl& operator=(const Acl&) = delete;
  ~Acl() = default;

  /// The users of `options`, its file included. Blocks. Fails with invalid_argument.
  Result<void> set_up(const AclOptions& options);

  /// Makes the connection this user. False if there is none of that name and password, or it is disabled.
  [[nodiscard]] bool log_in(Login& login, BytesView name, BytesView password);
  /// Makes the connection what it was when it began.
  void log_out(Login& login);

  /// Null if there is none.
  [[nodiscard]] std::shared_ptr<const User> find(BytesView name) const;
  /// In the order of their names.
  [[nodiscard]] std::vector<std::shared_ptr<const User>> users() const;
  /// Anybody who reaches the server is the default user then.
  [[nodiscard]] bool default_user_has_no_password() const;

  /// What a change leaves to its caller, who knows the connections.
  struct Aftermath {
    /// Connections whose user is there no more. They run no further command; those that wait are to be ended.
    std::vector<std::uint64_t> removed = {};
    /// Users who may use fewer channels than before: their connections that have subscribed to those are to be ended.
    std::vector<std::string> narrowed = {};
  };
  /// Applies rules to a user, who is made if there is none: all of them or, with invalid_argument, none. `rule`, if it
  /// is given, becomes the rule that is wrong.
  Result<void> change_user(BytesView name, std::span<const std::string> rules, Aftermath& aftermath,
                           std::string* rule = nullptr);
  /// How many there were of these.
  std::size_t remove_users(std::span<const BytesView> names, Aftermath& aftermath);
  /// These, and no others but the default user: he is as new, with the required password, if he is not among them.
  void replace_users(std::vector<User> users, Aftermath& aftermath);
  /// As the setting `requirepass`: none takes the need for a password away.
  void require_password(std::optional<PasswordHash> hash);

  [[nodiscard]] Denials& denials() noexcept { return denials_; }
  [[nodiscard]] LoginDelays& delays() noexcept { return delays_; }

 private:
  friend class Login;
  using Users = std::map<std::string, std::shared_ptr<const User>, std::less<>>;

  void enter(Login& login);
  void leave(Login& login);
  [[nodiscard]] std::shared_ptr<const User> find_locked(BytesView name) const;
  /// All logins get the users of their names; notes those that have none any more.
  void tell_logins(Aftermath& aftermath);
  /// Logins of `user->name` get `user`.
  void put(std::shared_ptr<const User> user);

  mutable std::mutex mutex_;
  Users users_;
  std::optional<PasswordHash> required_password_;
  std::map<Login*, std::string> logins_;  // With the name of the user.
  Denials denials_;
  LoginDelays delays_;
};

}  // namespace understudy::server
