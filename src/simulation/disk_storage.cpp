// What a simulated disk hands out: the storage interface, and the public SimulatedDisk.
#include "simulation/disk.hpp"
#include "understudy/simulation/simulated_storage.hpp"

#include <memory>
#include <utility>

namespace understudy {
namespace simulation {

namespace {

class SimulatedFile final : public StorageFile {
 public:
  SimulatedFile(std::shared_ptr<Disk> disk, Disk::Handle handle) noexcept
      : disk_(std::move(disk)), handle_(std::move(handle)) {}

  Result<void> append(BytesView bytes) override { return disk_->append(handle_, bytes); }
  Result<void> write_at(std::uint64_t offset, BytesView bytes) override {
    return disk_->write_at(handle_, offset, bytes);
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
    return disk_->read_at(handle_, offset, into);
  }
  Result<std::uint64_t> size() override { return disk_->size(handle_); }
  Result<void> truncate(std::uint64_t size_bytes) override { return disk_->truncate(handle_, size_bytes); }
  Result<void> flush() override { return disk_->flush(handle_); }
  Result<void> forget_cache() override { return disk_->forget_cache(handle_); }
  const std::string& name() const noexcept override { return handle_.name; }

 private:
  std::shared_ptr<Disk> disk_;
  Disk::Handle handle_;
};

class SimulatedLock final : public DirectoryLock {
 public:
  SimulatedLock(std::shared_ptr<Disk> disk, std::uint64_t generation) noexcept
      : disk_(std::move(disk)), generation_(generation) {}
  SimulatedLock(const SimulatedLock&) = delete;
  SimulatedLock& operator=(const SimulatedLock&) = delete;
  ~SimulatedLock() override { disk_->unlock(generation_); }

 private:
  std::shared_ptr<Disk> disk_;
  std::uint64_t generation_;
};

class SimulatedStorage final : public Storage {
 public:
  SimulatedStorage(std::shared_ptr<Disk> disk, std::uint64_t process)
      : disk_(std::move(disk)), generation_(disk_->generation()), process_(process) {}

  Result<std::unique_ptr<DirectoryLock>> lock() override {
    if (auto locked = disk_->lock(generation_, process_); !locked) return std::unexpected(locked.error());
    return std::make_unique<SimulatedLock>(disk_, generation_);
  }

  Result<std::optional<LockHolder>> lock_holder() override {
    const auto holder = disk_->lock_holder(generation_);
    if (!holder) return std::unexpected(holder.error());
    if (!*holder) return std::nullopt;
    return LockHolder{**holder, "simulated", **holder == process_};
  }

  Result<std::vector<std::string>> list() override { return disk_->list(generation_); }

  Result<std::unique_ptr<StorageFile>> create(std::string_view name) override {
    return handle(name, disk_->create(generation_, name));
  }
  Result<std::unique_ptr<StorageFile>> open(std::string_view name) override {
    return handle(name, disk_->open(generation_, name));
  }
  Result<void> remove(std::string_view name) override { return disk_->remove(generation_, name); }
  Result<void> rename(std::string_view from, std::string_view to) override {
    return disk_->rename(generation_, from, to);
  }
  const std::string& describe() const noexcept override { return path_; }

 private:
  Result<std::unique_ptr<StorageFile>> handle(std::string_view name, Result<std::shared_ptr<DiskFile>> file) {
    if (!file) return std::unexpected(file.error());
    return std::make_unique<SimulatedFile>(disk_, Disk::Handle{generation_, std::move(*file), std::string(name)});
  }

  std::shared_ptr<Disk> disk_;
  std::uint64_t generation_;
  std::uint64_t process_;
  std::string path_ = "simulated";
};

}  // namespace

std::shared_ptr<Storage> make_simulated_storage(std::shared_ptr<Disk> disk, std::uint64_t process) {
  return std::make_shared<SimulatedStorage>(std::move(disk), process);
}

}  // namespace simulation

SimulatedDisk::SimulatedDisk(std::uint64_t seed) : disk_(std::make_shared<simulation::Disk>(seed)) {}
SimulatedDisk::~SimulatedDisk() = default;

std::shared_ptr<Storage> SimulatedDisk::attach(std::uint64_t process) {
  return simulation::make_simulated_storage(disk_, process);
}

void SimulatedDisk::crash() { disk_->crash(); }
void SimulatedDisk::kill() { disk_->kill(); }
void SimulatedDisk::lose_power_at(std::uint64_t nth) { disk_->lose_power_at(nth); }
std::uint64_t SimulatedDisk::power_losses() const { return disk_->fault_counts().power_losses; }
void SimulatedDisk::fail_operation(std::uint64_t nth, DiskFailure how) { disk_->fail_operation(nth, how); }
void SimulatedDisk::release_stuck() { disk_->release_stuck(); }
void SimulatedDisk::set_faults(const DiskFaults& faults) { disk_->set_faults(faults); }
void SimulatedDisk::flip_bit(std::string_view file, std::uint64_t byte_offset, unsigned bit) {
  disk_->flip_bit(file, byte_offset, bit);
}
void SimulatedDisk::place(std::string_view file, BytesView content) { disk_->place(file, content); }
void SimulatedDisk::take_away(std::string_view file) { disk_->take_away(file); }
std::map<std::string, Bytes> SimulatedDisk::files() const { return disk_->files(); }
DiskCounters SimulatedDisk::counters() const { return disk_->counters(); }
DiskFaultCounts SimulatedDisk::fault_counts() const { return disk_->fault_counts(); }
std::vector<DiskOperation> SimulatedDisk::history() const { return disk_->history(); }
std::vector<DiskDamage> SimulatedDisk::damage() const { return disk_->damage(); }

}  // namespace understudy
