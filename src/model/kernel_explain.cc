// The kernels that explain a tree: one body, three kinds of vectors.
#include "model/kernel_explain.h"

namespace rondo::model {

#define RONDO_EXPLAIN explain_tree_scalar
#define RONDO_EXPLAIN_BYTES 16
#define RONDO_EXPLAIN_FOR
#include "model/kernel_explain_tree.h"
#undef RONDO_EXPLAIN
#undef RONDO_EXPLAIN_FOR
#undef RONDO_EXPLAIN_BYTES

#define RONDO_EXPLAIN explain_tree_avx2
#define RONDO_EXPLAIN_BYTES 32
#define RONDO_EXPLAIN_FOR __attribute__((target("avx2")))
#include "model/kernel_explain_tree.h"
#undef RONDO_EXPLAIN
#undef RONDO_EXPLAIN_FOR
#undef RONDO_EXPLAIN_BYTES

#define RONDO_EXPLAIN explain_tree_avx512
#define RONDO_EXPLAIN_BYTES 64
#define RONDO_EXPLAIN_FOR __attribute__((target("avx512f,avx512dq,avx512vl")))
#include "model/kernel_explain_tree.h"
#undef RONDO_EXPLAIN
#undef RONDO_EXPLAIN_FOR
#undef RONDO_EXPLAIN_BYTES

ExplainTree explain_tree_by(Kernel kernel) noexcept {
  switch (kernel) {
    case Kernel::kScalar: return explain_tree_scalar;
    case Kernel::kAvx2: return explain_tree_avx2;
    case Kernel::kAvx512: return explain_tree_avx512;
  }
  return explain_tree_scalar;
}

}  // namespace rondo::model
