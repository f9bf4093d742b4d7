// Replays a corpus through a fuzz target, and mutations of it by a seed: no fuzzer is needed to run
// what fuzzers found. usage: TARGET [--random N] [--seed S] FILE_OR_FOLDER...
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/seed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void one(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string mutated(const std::vector<std::string>& corpus, rondo::Chance& chance) {
  std::string bytes = corpus[chance.below(corpus.size())];
  const std::uint64_t edits = 1 + chance.below(4);
  for (std::uint64_t i = 0; i < edits && !bytes.empty(); ++i) {
    const std::size_t at = chance.below(bytes.size());
    switch (chance.below(4)) {
      case 0: bytes[at] = static_cast<char>(chance.below(256)); break;
      case 1: bytes.erase(at, 1 + chance.below(8)); break;
      case 2: bytes.insert(at, bytes.substr(chance.below(bytes.size()), 8)); break;
      default: bytes[at] = static_cast<char>(bytes[at] ^ (1 << chance.below(8))); break;
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t random = 0;
  std::uint64_t seed = 1;
  std::vector<std::string> corpus;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--random") random = std::strtoull(argv[++i], nullptr, 10);
    else if (word == "--seed") seed = std::strtoull(argv[++i], nullptr, 10);
    else if (std::filesystem::is_directory(word)) {
      std::vector<std::filesystem::path> files;
      for (const auto& entry : std::filesystem::directory_iterator(word)) files.push_back(entry);
      std::sort(files.begin(), files.end());
      for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      }
    }
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus was found\n");
    return 1;
  }
  for (const std::string& bytes : corpus) one(bytes);
  rondo::Chance chance(rondo::Seed{seed});
  // `make test-full` goes on for five minutes.
  const bool long_run = random > 0 && std::getenv("RONDO_FULL") != nullptr;
  const std::int64_t end_us = rondo::monotonic_us() + (long_run ? 300'000'000 : 0);
  std::uint64_t done = 0;
  for (; done < random || rondo::monotonic_us() < end_us; ++done) one(mutated(corpus, chance));
  std::printf("%zu files and %llu mutations\n", corpus.size(),
              static_cast<unsigned long long>(done));
  return 0;
}
