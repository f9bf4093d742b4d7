// Covers are all counts or all floats; a term is a head of fixed length, then what its categories
// add; neighbours are their columns, then their rows.
#include "model/forest_tail.h"

#include <array>
namespace rondo::model {
namespace {

constexpr std::uint32_t kCounts = 0, kFloats = 1;  // how covers are written
constexpr std::size_t kHeadBytes = 3 * sizeof(std::uint32_t) + 6 * sizeof(double);
constexpr std::uint64_t kColumnBytes = 3 * sizeof(std::uint32_t) + 4 * sizeof(double);

template <class Term>
auto numbers_of(Term& term) {
  return std::array{&term.slope, &term.center, &term.low, &term.high, &term.missing, &term.mean};
}

template <class Column>
auto ends_of(Column& column) {
  return std::array{&column.center, &column.scale, &column.low, &column.high};
}

std::unexpected<Error> bad_terms(const std::string& what) {
  return fail(Code::kCorrupt, "model: linear terms: " + what);
}

}  // namespace

void put_covers(const std::vector<double>& covers, ByteWriter& out) {
  const bool counts = std::ranges::all_of(covers, is_count);
  out.put(counts ? kCounts : kFloats);
  for (const double cover : covers) {
    if (counts) {
      out.put(static_cast<std::uint32_t>(cover));
    } else {
      out.put(static_cast<float>(cover));
    }
  }
}

Result<std::vector<double>> read_covers(ByteReader& in, std::uint32_t count) {
  const auto kind = in.get<std::uint32_t>();
  if (kind > kFloats) {
    return fail(Code::kCorrupt, "model: there is no kind of covers " + std::to_string(kind));
  }
  std::vector<double> covers;
  for (std::uint32_t i = 0; i < count; ++i) {
    covers.push_back(kind == kCounts ? in.get<std::uint32_t>()
                                     : static_cast<double>(in.get<float>()));
  }
  return covers;
}

void put_terms(const std::vector<LinearTerm>& terms, ByteWriter& out) {
  out.put(static_cast<std::uint32_t>(terms.size()));
  for (const LinearTerm& term : terms) {
    out.put(term.feature);
    out.put(term.output);
    out.put(static_cast<std::uint32_t>(term.by_code.size()));
    for (const double* number : numbers_of(term)) out.put(*number);
    for (const double value : term.by_code) out.put(value);
  }
}

Result<void> read_terms(ByteReader& in, ForestBuilder& builder) {
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || count < 1 || count > kMostTerms) return bad_terms("there are 1 to 100,000");
  for (std::uint32_t i = 0; i < count; ++i) {
    if (in.left() < kHeadBytes) return bad_terms("number " + std::to_string(i) + " is cut off");
    LinearTerm term;
    term.feature = in.get<std::uint32_t>();
    term.output = in.get<std::uint32_t>();
    const auto codes = in.get<std::uint32_t>();
    for (double* number : numbers_of(term)) *number = in.get<double>();
    if (codes > in.left() / sizeof(double)) {
      return bad_terms("number " + std::to_string(i) + " is cut off");
    }
    for (std::uint32_t k = 0; k < codes; ++k) term.by_code.push_back(in.get<double>());
    const auto added = builder.add_term(std::move(term));
    if (!added) return fail(Code::kCorrupt, "model: " + added.error().message);
  }
  return {};
}

void put_neighbours(const std::vector<NeighbourTerm>& terms, ByteWriter& out) {
  out.put(static_cast<std::uint32_t>(terms.size()));
  for (const NeighbourTerm& term : terms) {
    const Neighbours::Parts& parts = term.rows->parts();
    const std::size_t weights = parts.weights.empty() ? 0 : 1;
    for (const std::size_t count : {std::size_t{parts.k}, parts.columns.size(),
                                    parts.answers.size(), weights}) {
      out.put(static_cast<std::uint32_t>(count));
    }
    out.put(term.weight);
    for (const Neighbours::Column& column : parts.columns) {
      out.put(column.feature);
      out.put(static_cast<std::uint32_t>(column.kind));
      out.put(column.code);
      for (const double* number : ends_of(column)) out.put(*number);
    }
    for (const float value : parts.values) out.put(value);
    for (const auto* numbers : {&parts.answers, &parts.weights, &parts.mean}) {
      for (const double number : *numbers) out.put(number);
    }
  }
}

namespace {

/// What follows of neighbours behind their counts, which fit what is left.
Neighbours::Parts read_rows(ByteReader& in, std::size_t columns, std::size_t rows,
                            std::size_t weights, std::size_t outputs) {
  Neighbours::Parts parts;
  for (std::size_t i = 0; i < columns; ++i) {
    Neighbours::Column column;
    column.feature = in.get<std::uint32_t>();
    column.kind = static_cast<Neighbours::Column::Kind>(
        std::min<std::uint32_t>(in.get<std::uint32_t>(), 255));  // the builder refuses those
    column.code = in.get<std::uint32_t>();
    for (double* number : ends_of(column)) *number = in.get<double>();
    parts.columns.push_back(column);
  }
  for (std::size_t i = 0; i < rows * columns; ++i) parts.values.push_back(in.get<float>());
  const auto read = [&](std::vector<double>& numbers, std::size_t many) {
    for (std::size_t i = 0; i < many; ++i) numbers.push_back(in.get<double>());
  };
  read(parts.answers, rows);
  read(parts.weights, weights);
  read(parts.mean, outputs);
  return parts;
}

}  // namespace

Result<void> read_neighbours(ByteReader& in, std::size_t outputs, ForestBuilder& builder) {
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || count < 1 || count > kMostNeighbourTerms) {
    return fail(Code::kCorrupt, "model: neighbours: there are 1 to 8 terms");
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto k = in.get<std::uint32_t>();
    const std::uint64_t columns = in.get<std::uint32_t>(), rows = in.get<std::uint32_t>();
    const auto weighted = in.get<std::uint32_t>();
    const auto weight = in.get<double>();
    // Before any memory is taken. Within the limits 64 bits hold the sum.
    const bool few = columns <= Neighbours::kMostColumns && rows <= Neighbours::kMostRows;
    if (!in.ok() || !few || weighted > 1 ||
        kColumnBytes * columns + 4 * columns * rows + 8 * (rows * (1 + weighted) + outputs) >
            in.left()) {
      return fail(Code::kCorrupt, "model: neighbours: they are cut off, or too many");
    }
    Neighbours::Parts parts = read_rows(in, columns, rows, weighted * rows, outputs);
    parts.k = k;
    const auto added = builder.add_neighbours(std::move(parts), weight);
    if (!added) return fail(Code::kCorrupt, "model: " + added.error().message);
  }
  return {};
}

}  // namespace rondo::model
