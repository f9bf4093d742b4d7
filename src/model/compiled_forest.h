// A forest made ready for the CPU at hand: vector kernels where it has them and the trees fit, else
// the forest's own walk. Every way of scoring gives Forest::raw()'s bits.
#pragma once

#include <memory>

#include "model/forest.h"
#include "model/kernel.h"

namespace rondo::model {

struct KernelFunctions;

class CompiledForest {
 public:
  /// The forest must stay where it is. Cost: as reading its nodes a few times.
  CompiledForest(const Forest& forest, Kernel kernel);
  /// With chosen_kernel(), or kScalar where the environment names none that works: the bits are the
  /// same, and loading a pipeline tells the error.
  explicit CompiledForest(const Forest& forest);
  /// The same forest, laid out once, by another kernel.
  CompiledForest by(Kernel kernel) const;

  /// What scores batches; kScalar also where the forest does not fit a vector kernel.
  Kernel kernel() const noexcept;
  /// Raw scores of one row. Shape: features() in, outputs() out. Threads: any. No allocation.
  void raw(std::span<const double> features, std::span<double> out) const noexcept;
  /// Row-major rows; the same bits as raw() of each.
  void raw_batch(std::span<const double> features, std::size_t rows,
                 std::span<double> out) const noexcept;

 private:
  struct Layouts;
  CompiledForest(const Forest& forest, std::shared_ptr<const Layouts> layouts, Kernel kernel);
  bool walks() const noexcept { return functions_ == nullptr; }

  const Forest* forest_;
  std::shared_ptr<const Layouts> layouts_;  // null: no vector kernel fits, or none was asked for
  Kernel kernel_;
  const KernelFunctions* functions_;        // null: the forest walks
};

}  // namespace rondo::model
