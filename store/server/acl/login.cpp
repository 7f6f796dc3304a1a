#include "server/acl/login.hpp"

#include "server/acl/acl.hpp"

#include <utility>

namespace understudy::server {

Login::Login(Acl& acl, std::uint64_t connection) : acl_(acl), connection_(connection) { acl_.enter(*this); }

Login::~Login() { acl_.leave(*this); }

bool Login::refresh() {
  // Acquire: pairs with the release in `tell`.
  if (!has_news_.load(std::memory_order_acquire)) return true;
  std::shared_ptr<const User> news;
  {
    const std::scoped_lock lock(mutex_);
    if (removed_) return false;
    news = std::exchange(news_, nullptr);
    has_news_.store(false, std::memory_order_relaxed);
  }
  if (news != nullptr) {
    user_ = std::move(news);
    decide();
  }
  return true;
}

void Login::tell(std::shared_ptr<const User> user) {
  const std::scoped_lock lock(mutex_);
  if (user == nullptr) {
    removed_ = true;  // Also if there is one of that name again before the session looks.
  } else {
    news_ = std::move(user);
  }
  has_news_.store(true, std::memory_order_release);
}

void Login::become(std::shared_ptr<const User> user, bool authenticated) {
  {
    const std::scoped_lock lock(mutex_);
    news_ = nullptr;
    removed_ = false;
    has_news_.store(false, std::memory_order_relaxed);
  }
  user_ = std::move(user);
  authenticated_ = authenticated;
  decide();
}

void Login::decide() noexcept { limits_ = must_authenticate() || !user_->unlimited() ? user_.get() : nullptr; }

}  // namespace understudy::server
