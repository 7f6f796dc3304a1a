// Login: who a connection is, and so what it may do.
//
// Users change while connections use them. A connection that is this user goes on as what the user is now: the Acl
// gives every login the new user, and the session takes it over before the next commands it runs. So what is asked for
// each command is a pointer of the session's own.
//
// Threads: the session's, but for what the Acl does.
#pragma once

#include "server/acl/user.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace understudy::server {

class Acl;

class Login {
 public:
  /// As the default user; logged in if it needs no password. `acl` must outlive it.
  Login(Acl& acl, std::uint64_t connection);
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;
  ~Login();

  /// Takes over what has changed. False if the user is there no more: the connection is to end.
  [[nodiscard]] bool refresh();
  /// The user whose rules are to be looked at; null if all is allowed.
  [[nodiscard]] const User* limits() const noexcept { return limits_; }
  [[nodiscard]] const User& user() const noexcept { return *user_; }
  /// It has said who it is, or needed not to when it connected.
  [[nodiscard]] bool authenticated() const noexcept { return authenticated_; }
  /// It has to before it may do anything.
  [[nodiscard]] bool must_authenticate() const noexcept {
    return !authenticated_ && !(user_->any_password && user_->enabled);
  }

 private:
  friend class Acl;

  /// By the Acl: what the user is now; null if there is none of this name any more.
  void tell(std::shared_ptr<const User> user);
  /// By the session: it is this user from now on.
  void become(std::shared_ptr<const User> user, bool authenticated);
  void decide() noexcept;

  Acl& acl_;
  const std::uint64_t connection_;
  // The session's.
  std::shared_ptr<const User> user_;
  bool authenticated_ = false;
  const User* limits_ = nullptr;
  // What the Acl has changed since.
  std::mutex mutex_;
  std::shared_ptr<const User> news_;
  bool removed_ = false;
  std::atomic<bool> has_news_{false};  // One of the two. Written under the mutex, read without it for each command.
};

}  // namespace understudy::server
