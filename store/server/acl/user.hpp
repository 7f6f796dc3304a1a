// User: who may log in, how, and what they may do then.
//
// Once it is in use it does not change: a change makes another one, and the sessions get that (acl.hpp).
//
// Threads: constant then.
#pragma once

#include "server/acl/password.hpp"
#include "server/acl/permissions.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::server {

struct User {
  /// The words `sanitize-payload` and `skip-sanitize-payload`: kept because users of Redis have them; they mean nothing
  /// here.
  enum class Sanitize : std::uint8_t { unsaid, yes, skip };

  std::string name = {};
  bool enabled = false;
  bool any_password = false;
  Sanitize sanitize = Sanitize::unsaid;
  std::vector<PasswordHash> passwords = {};
  Permissions permissions = {};
  std::vector<Permissions> selectors = {};

  [[nodiscard]] bool unlimited() const noexcept { return permissions.unlimited(); }
  /// Whether it may log in with `password`. Takes as long for a wrong one as for the right one.
  [[nodiscard]] bool accepts(BytesView password) const;
  /// Whether it may run `command`: one of its sets of permissions has to allow all of it.
  [[nodiscard]] Verdict check(const Command& command, Arguments arguments) const;
  [[nodiscard]] bool allows_channel(BytesView channel, bool pattern) const;
  /// Whether it has every pattern of channels that `other` has.
  [[nodiscard]] bool allows_channels_of(const User& other) const;
};

/// Applies one rule: those of Permissions, and
///
///   on off · nopass resetpass >password <password #hash !hash · (rules of one more set) clearselectors · reset
///
/// Fails with invalid_argument, worded as Redis does, and then changes nothing.
Result<void> apply_rule(User& user, BytesView rule);

/// Joins what stands between "(" and ")" into one rule each. Fails if one is not closed.
[[nodiscard]] Result<std::vector<std::string>> join_selectors(std::span<const BytesView> words);

/// May do everything, without a password.
[[nodiscard]] User make_default_user();

/// The words of ACL GETUSER: "on", "nopass".
[[nodiscard]] std::vector<std::string_view> flags_of(const User& user);
/// "user NAME rules": a line of ACL LIST, and of the users' file. Passwords stand in it as hashes.
[[nodiscard]] std::string describe_user(const User& user);

}  // namespace understudy::server
