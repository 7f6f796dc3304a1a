// Attacks: workers that park while others make work, in every order of their steps: all work is done, by somebody, and
// nobody sleeps while there is some. The queue and the places to sleep are the real ones; the worker's loop is as
// src/runtime/worker.cpp has it.
#include "model/world.hpp"
#include "runtime/parking.hpp"
#include "runtime/run_queue.hpp"

#include <array>

namespace understudy::test::model {
namespace {

using detail::Parking;
using detail::ParkingPlace;
using detail::RunQueue;

class Piece final : public detail::Context {
 public:
  explicit Piece(detail::Scheduler& scheduler) : Context(scheduler) {}
  ~Piece() = default;
  void run() noexcept override { ++runs; }
  int runs = 0;
};

template <std::size_t pieces>
struct Scene {
  explicit Scene(Run& run, bool always_wakes) : made_wakes(always_wakes), world(run, {}, 0) {
    for (auto& piece : work) piece.emplace(world.system());
  }
  void make(std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      if (queue.push(*work[i]) && made_wakes) parking.work_made();
    }
  }
  void work_on(ParkingPlace& place) {
    bool searching = false;
    while (!stopping.load()) {
      detail::Context* found = queue.pop();
      if (found == nullptr) {
        searching = searching || parking.begin_search();
        if (searching) found = queue.pop();
      }
      if (found == nullptr) {
        const auto any_work = [this] { return stopping.load() || !queue.empty(); };
        const auto sleep = [&place] {
          place.wait();
          return true;
        };
        searching = parking.park(place, searching, any_work, sleep);
        continue;
      }
      if (searching) {
        searching = false;
        parking.found_work();
      }
      found->run();
      if (done.fetch_add(1) + 1 == pieces) {
        stopping.store(true);
        parking.wake_all();
      }
    }
  }
  void start(Run& run, std::size_t workers) {
    for (std::size_t i = 0; i < workers; ++i) {
      run.thread([this, i] { work_on(places[i]); });
    }
  }

  const bool made_wakes;
  World world;
  std::array<std::optional<Piece>, pieces> work;
  Parking parking;
  RunQueue queue;
  std::array<ParkingPlace, 2> places;
  detail::Atomic<bool> stopping{false};
  detail::Atomic<std::size_t> done{0};
};

template <std::size_t makers, std::size_t workers, bool wakes = true>
void work_is_made(Run& run) {
  constexpr std::size_t each = 2;
  auto scene = std::make_shared<Scene<makers * each>>(run, wakes);
  for (std::size_t i = 0; i < makers; ++i) {
    run.thread([scene, i] { scene->make(i * each, (i + 1) * each); });
  }
  scene->start(run, workers);
  run.finally([scene] {
    for (const auto& piece : scene->work) check(piece->runs == 1, "not run, or twice");
    scene->world.end();
  });
}

TEST(ParkingModel, OneWorkerHearsOfIt) { hold(work_is_made<1, 1>, 5); }
TEST(ParkingModel, OneOfTwoWorkersHearsOfIt) { hold(work_is_made<1, 2>, 2); }
TEST(ParkingModel, TwoMakeWorkForTwo) { hold(work_is_made<2, 2>, 1); }
TEST(ParkingModel, OneWhoWakesNobodyIsFoundOut) {
  EXPECT_NE(try_all(work_is_made<1, 1, false>, 2).failure.find("wait"), std::string::npos);
}

}  // namespace
}  // namespace understudy::test::model
