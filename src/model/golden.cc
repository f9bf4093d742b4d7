// Writing, reading and reproducing golden rows; see golden.h for why.
#include "model/golden.h"

#include <algorithm>
#include <bit>

#include "model/bytes.h"

namespace rondo::model {
namespace {

std::unexpected<Error> damaged(std::size_t row, const std::string& what, std::string hint = {}) {
  return fail(Code::kCorrupt, "golden row " + std::to_string(row) + ": " + what, std::move(hint));
}

void put_all(std::span<const double> values, ByteWriter& out) {
  for (const double value : values) out.put(value);
}

std::vector<double> get_all(std::size_t count, ByteReader& in) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count && in.ok(); ++i) values.push_back(in.get<double>());
  return values;
}

std::optional<std::size_t> first_difference(std::span<const double> a, std::span<const double> b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(a[i]) != std::bit_cast<std::uint64_t>(b[i])) return i;
  }
  return std::nullopt;
}

Result<std::vector<Cell>> cells_of(const Transform& transform, const GoldenRow& row,
                                   std::size_t index) {
  auto cells = decode_cells(row.cells);
  if (!cells) return damaged(index, cells.error().message);
  const auto& fields = transform.inputs().fields;
  if (cells->size() != fields.size()) return damaged(index, "it has not a cell for each column");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool text = fields[i].type == table::Type::kCategory ||
                      fields[i].type == table::Type::kText;
    if ((*cells)[i].kind == Cell::Kind::kText && !text) {
      return damaged(index, "column \"" + fields[i].name + "\" holds text");
    }
  }
  return cells;
}

constexpr const char* kHint = "the file was made by another version of the arithmetic, or damaged "
                              "before its digests were taken; deploy the model again";

Result<void> compare(std::size_t row, const GoldenRow& made, const GoldenRow& want,
                     const Transform& transform) {
  if (const auto at = first_difference(made.features, want.features)) {
    return damaged(row, "feature \"" + transform.steps()[*at].feature + "\" comes out differently",
                   kHint);
  }
  if (const auto at = first_difference(made.raw, want.raw)) {
    return damaged(row, "raw score " + std::to_string(*at) + " comes out differently", kHint);
  }
  if (const auto at = first_difference(made.answer, want.answer)) {
    return damaged(row, "answer " + std::to_string(*at) + " comes out differently", kHint);
  }
  return {};
}

/// The raw scores that one kernel makes of the rows' features, as a batch and singly.
Result<void> compare_kernel(const Pipeline::Parts& parts, const CompiledForest& compiled,
                            Kernel kernel) {
  const std::size_t outputs = parts.forest.outputs();
  std::vector<double> features;
  for (const GoldenRow& row : parts.golden) {
    features.insert(features.end(), row.features.begin(), row.features.end());
  }
  std::vector<double> batch(parts.golden.size() * outputs), single(outputs);
  compiled.raw_batch(features, parts.golden.size(), batch);
  const std::string by = " by the kernel " + std::string(name_of(kernel));
  for (std::size_t i = 0; i < parts.golden.size(); ++i) {
    const GoldenRow& want = parts.golden[i];
    if (first_difference(want.raw, std::span(batch).subspan(i * outputs, outputs))) {
      return damaged(i, "its raw score in a batch" + by + " comes out differently", kHint);
    }
    compiled.raw(want.features, single);
    if (first_difference(want.raw, single)) {
      return damaged(i, "its raw score" + by + " comes out differently", kHint);
    }
  }
  return {};
}

}  // namespace

std::string encode_golden(const Pipeline::Parts& parts) {
  ByteWriter out;
  out.put(static_cast<std::uint32_t>(parts.golden.size()));
  out.put(static_cast<std::uint32_t>(parts.transform.history().lags.size()));
  out.put(static_cast<std::uint32_t>(parts.forest.features()));
  out.put(static_cast<std::uint32_t>(parts.forest.outputs()));
  for (const GoldenRow& row : parts.golden) {
    out.put(row.time.us);
    out.put(static_cast<std::uint32_t>(row.cells.size()));
    out.raw(row.cells);
    put_all(row.lags, out);
    put_all(row.features, out);
    put_all(row.raw, out);
    put_all(row.answer, out);
  }
  return out.take();
}

Result<std::vector<GoldenRow>> decode_golden(std::string_view bytes,
                                             const Pipeline::Parts& parts) {
  ByteReader in(bytes);
  const auto count = in.get<std::uint32_t>();
  const auto lags = in.get<std::uint32_t>();
  const auto features = in.get<std::uint32_t>();
  const auto outputs = in.get<std::uint32_t>();
  if (!in.ok() || lags != parts.transform.history().lags.size() ||
      features != parts.transform.features() || outputs != parts.forest.outputs()) {
    return fail(Code::kCorrupt, "golden rows have another shape than transform and model");
  }
  if (count < kFewestGolden || count > kMostGolden) {
    return fail(Code::kCorrupt, "there must be 32 to 256 golden rows, not " +
                                    std::to_string(count));
  }
  std::vector<GoldenRow> rows;
  for (std::size_t i = 0; i < count; ++i) {
    GoldenRow row;
    row.time.us = in.get<std::int64_t>();
    row.cells = in.raw(in.get<std::uint32_t>());
    row.lags = get_all(lags, in);
    row.features = get_all(features, in);
    row.raw = get_all(outputs, in);
    row.answer = get_all(outputs, in);
    if (!in.ok()) return damaged(i, "it is cut off");
    rows.push_back(std::move(row));
  }
  if (!in.at_end()) return fail(Code::kCorrupt, "bytes are left over behind the golden rows");
  return rows;
}

Result<void> check_golden(const Pipeline::Parts& parts) {
  if (parts.golden.size() < kFewestGolden || parts.golden.size() > kMostGolden) {
    return fail(Code::kCorrupt, "there must be 32 to 256 golden rows, not " +
                                    std::to_string(parts.golden.size()));
  }
  for (std::size_t i = 0; i < parts.golden.size(); ++i) {
    const GoldenRow& want = parts.golden[i];
    const auto cells = TRY(cells_of(parts.transform, want, i));
    if (want.lags.size() != parts.transform.history().lags.size() ||
        want.features.size() != parts.forest.features() ||
        want.raw.size() != parts.forest.outputs() || want.answer.size() != want.raw.size()) {
      return damaged(i, "it has another shape than transform and model");
    }
    const GoldenRow made = Pipeline::make_golden(parts.transform, parts.forest, parts.answering,
                                                 cells, want.time, want.lags);
    TRY(compare(i, made, want, parts.transform));
  }
  const std::vector<Kernel> kernels = supported_kernels();
  const CompiledForest compiled(parts.forest, kernels.back());
  for (const Kernel kernel : kernels) TRY(compare_kernel(parts, compiled.by(kernel), kernel));
  return {};
}

}  // namespace rondo::model
