// How much of the machine one thread's work may take, where others work beside it.
#pragma once

#include <cstddef>

namespace rondo {

/// While it lives cores() tells the thread that made it `most` at most.
class FewerCores {
 public:
  explicit FewerCores(std::size_t most) noexcept;
  FewerCores(const FewerCores&) = delete;
  FewerCores& operator=(const FewerCores&) = delete;
  ~FewerCores();

 private:
  std::size_t before_;
};

}  // namespace rondo
