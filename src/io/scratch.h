// An empty folder among the system's temporary ones, removed with its owner.
#pragma once

#include <filesystem>

#include "io/digest.h"
#include "io/fs.h"

namespace rondo::io {

class Scratch {
 public:
  Scratch() {
    path_ = std::filesystem::temp_directory_path() / ("rondo-" + base64url(random_bytes(12)));
    std::filesystem::create_directories(path_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const Path& path() const { return path_; }
  Path operator/(std::string_view name) const { return path_ / name; }

 private:
  Path path_;
};

}  // namespace rondo::io
