#include "understudy/actor/registry.hpp"

#include <atomic>

namespace understudy {
namespace {

// Set by install (release), read by installed_system (acquire): who gets the pointer sees the constructed system.
std::atomic<System*> the_system{nullptr};

}  // namespace

Result<void> install(System& system) {
  System* expected = nullptr;
  if (the_system.compare_exchange_strong(expected, &system, std::memory_order_acq_rel)) return {};
  return failure(ErrorCode::already_installed,
                 "install was called twice; the process-wide system is set once, at the start of main");
}

Result<System*> installed_system() noexcept {
  System* system = the_system.load(std::memory_order_acquire);
  if (system != nullptr) return system;
  return failure(ErrorCode::not_installed,
                 "no process-wide system is installed; call understudy::install(system) first thing in main");
}

namespace detail {

void uninstall(const System& system) noexcept {
  System* expected = const_cast<System*>(&system);  // Compared only.
  the_system.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel);
}

}  // namespace detail
}  // namespace understudy
