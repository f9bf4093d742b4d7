// The one body of the kernels that measure distances. No #pragma once: kernel_near.cc includes it
// for each kind of vector, with RONDO_NEAR (the function's name), RONDO_NEAR_FOR (its attribute)
// and RONDO_NEAR_BYTES (of a vector) defined; see kernel_explain_tree.h.

RONDO_NEAR_FOR static float RONDO_NEAR(const float* block, const float* row, std::size_t columns,
                                       float* out) {
  using Vector __attribute__((vector_size(RONDO_NEAR_BYTES), aligned(4), may_alias)) = float;
  constexpr std::size_t kLanesOf = RONDO_NEAR_BYTES / sizeof(float), kEach = 4 * kLanesOf;
  static_assert(kNearRows % kEach == 0, "a block is whole parts of four vectors");
  for (std::size_t from = 0; from < kNearRows; from += kEach) {
    Vector a = {}, b = {}, c = {}, d = {};  // by name: the compiler keeps an array in memory
    for (std::size_t column = 0; column < columns; ++column) {
      const float* const first = block + column * kNearRows + from;
      const Vector* const stored = reinterpret_cast<const Vector*>(first);
      const Vector of_a = stored[0] - row[column], of_b = stored[1] - row[column];
      const Vector of_c = stored[2] - row[column], of_d = stored[3] - row[column];
      a += of_a * of_a;
      b += of_b * of_b;
      c += of_c * of_c;
      d += of_d * of_d;
    }
    Vector* const to = reinterpret_cast<Vector*>(out + from);
    to[0] = a;
    to[1] = b;
    to[2] = c;
    to[3] = d;
  }
  const Vector* const sums = reinterpret_cast<const Vector*>(out);
  Vector least = sums[0];
  for (std::size_t i = 1; i < kNearRows / kLanesOf; ++i) {
    least = sums[i] < least ? sums[i] : least;
  }
  float all = least[0];
  for (std::size_t i = 1; i < kLanesOf; ++i) all = least[i] < all ? least[i] : all;
  return all;
}
