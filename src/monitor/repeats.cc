// The reference does not know how often its rows repeat, so two things must show that they do not:
// three columns of numbers in which no value is frequent, and three windows in a row.
#include "monitor/repeats.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/seed.h"
#include "base/words.h"

namespace rondo::monitor {
namespace {

constexpr std::size_t kEdges = 10;     // of a column's 20 quantiles at least
constexpr double kDayShare = 0.05;     // a value may not last for much of a reference day

/// No value has more than a hundredth of the rows, nor more than a twentieth of a day.
bool fine(const model::ColumnReference& column) {
  return column.numeric && column.common.empty() && column.edges.size() >= kEdges &&
         column.greatest_rare_day_share <= kDayShare;
}

/// Two rows with the same number are the same rows: 64 bits, of which a window draws 50,000.
std::optional<std::uint64_t> number_of(const Judged& row) {
  std::string bytes;
  bool empty = true;
  for (const model::Cell& cell : row.cells) {
    if (cell.kind == model::Cell::Kind::kText) {
      bytes += fmt::format("t{}:", cell.text.size());
      bytes += cell.text;
      empty = false;
    } else if (std::isfinite(cell.number)) {
      const double number = cell.number == 0 ? 0 : cell.number;  // -0 too
      bytes.push_back('n');
      bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
      empty = false;
    } else {
      bytes.push_back('m');
    }
  }
  if (empty) return std::nullopt;
  return Seed{}.derive(bytes).value;
}

}  // namespace

std::size_t repeated(std::span<const Judged* const> rows) {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(rows.size());
  for (const Judged* row : rows) {
    if (const auto number = number_of(*row)) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  const auto same = std::ranges::unique(numbers);
  return static_cast<std::size_t>(same.size());
}

Repeats::Repeats(const model::Reference& reference)
    : watched_(std::ranges::count_if(reference.columns, fine) >=
               static_cast<std::ptrdiff_t>(kColumns)) {}

void Repeats::look(OpenSignals::Window window, std::span<const Judged* const> rows,
                   OpenSignals& open, std::vector<Signal>& out) {
  if (!watched_ || rows.size() < kRows) return;
  const std::size_t again = repeated(rows);
  const double share = static_cast<double>(again) / static_cast<double>(rows.size());
  if (share >= kMany && clean_ >= kWindows) {
    const Finding finding{
        "repeats", false, share, kMany, share / kMany,
        fmt::format("{} of {} rows are in every cell as another one of the window; at most {:.2g} "
                    "% were so before (a rule, with no rate of false alarms)",
                    grouped(again), grouped(rows.size()), 100 * most_)};
    open.note({Scope::kRepeats, window, 0}, "rows", std::span(&finding, 1), out);
  } else if (share <= kFew) {
    ++clean_;
    most_ = std::max(most_, share);
  } else if (clean_ < kWindows) {
    clean_ = 0;
  }
  open.settle(Scope::kRepeats, window, out);
}

Json Repeats::state() const { return {{"clean", clean_}, {"most", most_}}; }

Result<void> Repeats::read(const Json& state) {
  if (state.is_null()) return {};
  auto taken = [&]() -> Result<void> {
    clean_ = TRY(io::get<std::uint64_t>(state, "clean"));
    most_ = TRY(io::get<double>(state, "most"));
    return {};
  }();
  if (!taken) taken.error().code = Code::kCorrupt;
  return during(std::move(taken), "reading how often rows repeated");
}

}  // namespace rondo::monitor
