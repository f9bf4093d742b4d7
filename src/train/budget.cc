// How [train] budget is written.
#include <fmt/format.h>

#include <charconv>

#include "base/time.h"
#include "train/train.h"

namespace rondo::train {
namespace {

constexpr std::size_t kMostCandidates = 100'000;

}  // namespace

Result<Budget> read_budget(const std::string& budget) {
  if (budget == "1 candidate") return Budget{};
  if (const auto span = parse_span(budget); span && span->us > 0) return Budget{*span, 0, true};
  constexpr std::string_view kUnit = " candidates";
  if (budget.ends_with(kUnit)) {
    const char* end = budget.data() + budget.size() - kUnit.size();
    std::size_t count = 0;
    const auto read = std::from_chars(budget.data(), end, count);
    if (read.ec == std::errc() && read.ptr == end && count >= 2 && count <= kMostCandidates) {
      return Budget{std::nullopt, count, true};
    }
  }
  return fail(Code::kInvalidInput, fmt::format("train.budget: \"{}\" is no budget", budget),
              "write a time (\"60s\"), \"1 candidate\" or \"12 candidates\"");
}

}  // namespace rondo::train
