// Covers are all counts or all floats; a term is a head of fixed length, then what its categories
// add.
#include "model/forest_tail.h"

#include <array>

#include "model/forest_build.h"

namespace rondo::model {
namespace {

constexpr std::uint32_t kCounts = 0, kFloats = 1;  // how covers are written
constexpr std::size_t kHeadBytes = 3 * sizeof(std::uint32_t) + 6 * sizeof(double);

template <class Term>
auto numbers_of(Term& term) {
  return std::array{&term.slope, &term.center, &term.low, &term.high, &term.missing, &term.mean};
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

Result<std::vector<LinearTerm>> read_terms(ByteReader& in) {
  const auto count = in.get<std::uint32_t>();
  if (!in.ok() || count < 1 || count > kMostTerms) return bad_terms("there are 1 to 100,000");
  std::vector<LinearTerm> terms;
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
    terms.push_back(std::move(term));
  }
  if (in.left() != 0) {
    return bad_terms(std::to_string(in.left()) + " bytes are left over behind them");
  }
  return terms;
}

}  // namespace rondo::model
