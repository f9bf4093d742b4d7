// The kernels that measure distances: one body, three kinds of vectors.
#include "model/kernel_near.h"

namespace rondo::model {

#define RONDO_NEAR near_distances_scalar
#define RONDO_NEAR_BYTES 16
#define RONDO_NEAR_FOR
#include "model/kernel_near_block.h"
#undef RONDO_NEAR
#undef RONDO_NEAR_FOR
#undef RONDO_NEAR_BYTES

#define RONDO_NEAR near_distances_avx2
#define RONDO_NEAR_BYTES 32
#define RONDO_NEAR_FOR __attribute__((target("avx2")))
#include "model/kernel_near_block.h"
#undef RONDO_NEAR
#undef RONDO_NEAR_FOR
#undef RONDO_NEAR_BYTES

#define RONDO_NEAR near_distances_avx512
#define RONDO_NEAR_BYTES 64
#define RONDO_NEAR_FOR __attribute__((target("avx512f,avx512dq,avx512vl")))
#include "model/kernel_near_block.h"
#undef RONDO_NEAR
#undef RONDO_NEAR_FOR
#undef RONDO_NEAR_BYTES

NearDistances near_distances_by(Kernel kernel) noexcept {
  switch (kernel) {
    case Kernel::kScalar: return near_distances_scalar;
    case Kernel::kAvx2: return near_distances_avx2;
    case Kernel::kAvx512: return near_distances_avx512;
  }
  return near_distances_scalar;
}

}  // namespace rondo::model
