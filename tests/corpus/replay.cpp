// Gives a fuzz target every input that is kept for it, once and without a fuzzer, so that each build of the suite does
// what fuzzing once found worth keeping. Names an input before it is tried: of a run that ends early, the last one.
//
// Usage: replay_NAME FOLDER...
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::filesystem::path> inputs_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) inputs.push_back(entry.path());
  }
  std::ranges::sort(inputs);
  return inputs;
}

void try_input(const std::filesystem::path& path) {
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  std::ifstream file;
  file.exceptions(std::ios::badbit | std::ios::failbit);
  file.open(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int count, char** arguments) {
  try {
    std::size_t tried = 0;
    for (int i = 1; i < count; ++i) {
      for (const auto& path : inputs_of(arguments[i])) {
        try_input(path);
        ++tried;
      }
    }
    if (tried == 0) {
      std::fputs("no input: name the folders that hold them, as fuzz/corpus/commands\n", stderr);
      return 2;
    }
    std::printf("inputs tried: %zu\n", tried);
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
