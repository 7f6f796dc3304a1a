// Operation: what runs in the store, alone, over any keys: a function over a Transaction (transaction.hpp).
//
//     co_await store.operate([](us::store::Transaction& keys) { keys.set("a", "1"); keys.erase("b"); });
//
// It is on its way through several hands (an ask, a mailbox, the key-value actor), so what it holds is reached by one
// pointer, which is all that moves. Who has something that lives on the heap anyway, and is run often, makes it Work.
//
// Threads: one at a time.
#pragma once

#include "understudy/base/bytes.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace understudy::store {

class Transaction;

class [[nodiscard]] Operation {
 public:
  class Work {
   public:
    Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    virtual ~Work() = default;
    virtual void run(Transaction& store) = 0;
    /// The key it begins with, if that is known: what the store knows of it can be on its way from memory before the
    /// operation runs. Valid as long as the work is. Called by the actor that would run it, any number of times before.
    [[nodiscard]] virtual BytesView first_key() const noexcept { return {}; }
  };

  /// None.
  Operation() noexcept = default;
  template <typename F>
    requires(!std::derived_from<std::decay_t<F>, Operation> && std::invocable<std::decay_t<F>&, Transaction&>)
  // NOLINTNEXTLINE(google-explicit-constructor): wherever an operation is taken, a function is.
  Operation(F&& function) : work_(std::make_shared<Function<std::decay_t<F>>>(std::forward<F>(function))) {}
  /// Shares `work`, and lets go of it with its own end.
  explicit Operation(std::shared_ptr<Work> work) noexcept : work_(std::move(work)) {}
  Operation(Operation&&) noexcept = default;
  Operation& operator=(Operation&&) noexcept = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation() = default;

  /// Of one that is not none.
  void operator()(Transaction& store) { work_->run(store); }
  /// As Work's; empty if it is none.
  [[nodiscard]] BytesView first_key() const noexcept { return work_ == nullptr ? BytesView() : work_->first_key(); }
  /// Lets go of what it holds.
  void reset() noexcept { work_.reset(); }

 private:
  template <typename F>
  class Function final : public Work {
   public:
    explicit Function(F function) : function_(std::move(function)) {}
    void run(Transaction& store) override { std::invoke(function_, store); }

   private:
    F function_;
  };

  std::shared_ptr<Work> work_;
};

}  // namespace understudy::store
