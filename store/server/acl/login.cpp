#include "server/acl/login.hpp"

#include "server/acl/acl.hpp"

#include <utility>

namespace understudy::server {

Login::Login(Acl& acl, std::uint64_t connection) : acl_(acl), connection_(connection) { acl_.enter(*this); }

Login::~Login() { acl_.leave(*this); }

bool Login::refresh() {
  std::shared_ptr<const User> news;
  {
    const std::scoped_lock lock(mutex_);
    if (removed_) return false;
    news = std::move(news_);
    news_ = nullptr;
  }
  if (news != nullptr) {
    user_ = std::move(news);
    decide();
  }
  return true;
}

void Login::become(std::shared_ptr<const User> user, bool authenticated) {
  {
    const std::scoped_lock lock(mutex_);
    news_ = nullptr;
    removed_ = false;
  }
  user_ = std::move(user);
  authenticated_ = authenticated;
  decide();
}

void Login::decide() noexcept { limits_ = must_authenticate() || !user_->unlimited() ? user_.get() : nullptr; }

}  // namespace understudy::server
