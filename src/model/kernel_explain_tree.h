// The one body of the kernels that explain a tree. No #pragma once: kernel_explain.cc includes it
// for each kind of vector, with RONDO_EXPLAIN (the function's name), RONDO_EXPLAIN_FOR (its
// attribute) and RONDO_EXPLAIN_BYTES (of a vector) defined; a template cannot be given an
// attribute, and vectors of the compiler are cut into what a function's own attribute allows before
// anything is inlined. Eight lanes go through in parts, each the same operations.

RONDO_EXPLAIN_FOR static void RONDO_EXPLAIN(const ExplainNode* nodes, std::size_t count,
                                            const PointBlock& points, const std::uint8_t* right,
                                            const ExplainRoom& room, PointLanes* sums) {
  using Vector __attribute__((vector_size(RONDO_EXPLAIN_BYTES), may_alias)) = double;
  constexpr std::size_t kParts = sizeof(PointLanes) / RONDO_EXPLAIN_BYTES;
  const auto of = [](auto& lanes) { return reinterpret_cast<Vector*>(&lanes); };
  const auto in = [](const auto& lanes) { return reinterpret_cast<const Vector*>(&lanes); };
  room.slots[0] = points.weight;
  for (std::size_t i = 0; i < count; ++i) {  // down: what has come together on the way to a slot
    const ExplainNode& node = nodes[i];
    const std::size_t hot = right[i], cold = 1 - hot;
    const bool again = node.before >= 0;  // this feature's factor is replaced
    const double open = again ? room.open[node.before] : 1;
    room.open[2 * i + hot] = open;
    room.open[2 * i + cold] = 0;
    room.gain[2 * i + hot] = open - node.share[hot];
    room.gain[2 * i + cold] = -node.share[cold];
    const Vector* const replaced = in(room.inverse[again ? node.before : 0]);
#pragma GCC unroll 4
    for (std::size_t part = 0; part < kParts; ++part) {
      const Vector t = in(points.t)[part], rest = in(points.rest)[part];
      Vector above = in(room.slots[i])[part];
      if (again) above *= replaced[part];
      const Vector hot_factor = open * t + node.share[hot] * rest;
      const Vector cold_factor = node.share[cold] * rest;
      of(room.inverse[2 * i + hot])[part] = 1 / hot_factor;
      of(room.inverse[2 * i + cold])[part] =
          node.inverse_share[cold] * in(points.inverse_rest)[part];
      of(room.slots[node.child[hot]])[part] = above * hot_factor * node.scale[hot];
      of(room.slots[node.child[cold]])[part] = above * cold_factor * node.scale[cold];
    }
  }
  for (std::size_t i = count; i-- > 0;) {  // up: what the leaves below a slot amount to
    const ExplainNode& node = nodes[i];
    const bool again = node.before >= 0;
    const std::size_t before = again ? static_cast<std::size_t>(node.before) : 0;
#pragma GCC unroll 4
    for (std::size_t part = 0; part < kParts; ++part) {
      const Vector left_sum = in(room.slots[node.child[0]])[part];
      const Vector right_sum = in(room.slots[node.child[1]])[part];
      const Vector both = left_sum + right_sum;
      of(room.slots[i])[part] = both;
      Vector gain = left_sum * in(room.inverse[2 * i])[part] * room.gain[2 * i] +
                    right_sum * in(room.inverse[2 * i + 1])[part] * room.gain[2 * i + 1];
      if (again) gain -= both * in(room.inverse[before])[part] * room.gain[before];
      of(sums[node.feature])[part] += gain;
    }
  }
}
