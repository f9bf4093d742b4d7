// Numbers that lie outside of what a version was trained with, counted by column. The borders come
// from the reference in its pipeline file and are kept from request to request.
#pragma once

#include <memory>

#include "model/pipeline.h"

namespace rondo::api {

class InputRanges {
 public:
  /// Takes the borders of this pipeline unless it has them; every count is 0 then.
  void fit(const std::shared_ptr<const model::Pipeline>& pipeline);
  void look(std::span<const model::Cell> cells);
  /// One a column. A column without a reference, or of text, counts nothing.
  std::span<const std::uint64_t> counts() const { return counts_; }

 private:
  struct Range {
    double low, high;
  };
  std::weak_ptr<const model::Pipeline> of_;  // weak: an old version is not kept alive
  std::vector<Range> ranges_;
  std::vector<std::uint64_t> counts_;
};

}  // namespace rondo::api
