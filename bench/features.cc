// What one row costs between the request and the trees: 20 columns, every kind of feature but text;
// text apart. Prints one JSON object: microseconds a row of CPU time, the least of some turns, and
// how many values came out other than in the first turn.
#include <ctime>

#include <cstdio>

#include "base/seed.h"
#include "model/text_buckets.h"
#include "model/transform.h"

namespace {

using namespace rondo;
using model::Cell;
using model::Step;
using table::Type;

constexpr std::size_t kRows = 2'000, kTurns = 40;
constexpr std::size_t kCategories = 50;

Step step(Step::Kind kind, const std::string& feature, std::int32_t input,
          std::int32_t other = -1) {
  Step out;
  out.kind = kind;
  out.feature = feature;
  out.input = input;
  out.other = other;
  return out;
}

std::string category(std::size_t i) { return "category " + std::to_string(i); }

/// 12 numbers, 6 categories, 2 times; of them 8 by arithmetic, 3 pairs, 4 encodings.
model::Transform columns20() {
  table::Schema inputs;
  std::vector<Step> steps;
  for (std::int32_t i = 0; i < 20; ++i) {
    const Type type = i < 12 ? Type::kNumber : i < 18 ? Type::kCategory : Type::kTime;
    const std::string name = "c" + std::to_string(i);
    inputs.fields.push_back({name, type});
    if (i < 12) steps.push_back(step(Step::Kind::kNumber, name, i));
    if (i >= 18) {
      for (const auto part : {Step::Part::kMonth, Step::Part::kWeekday, Step::Part::kHour}) {
        steps.push_back(step(Step::Kind::kTimePart, name + std::to_string(int(part)), i));
        steps.back().part = part;
      }
    }
    if (i < 12 || i >= 18) continue;
    steps.push_back(step(Step::Kind::kCategory, name, i));
    for (std::size_t k = 0; k < kCategories; ++k) steps.back().categories.push_back(category(k));
    if (i >= 16) continue;
    Step encoding = steps.back();
    encoding.kind = Step::Kind::kEncoding;
    encoding.feature = "y_by_" + name;
    encoding.values.assign(kCategories, 0.5);
    encoding.fill = 0.25;
    steps.push_back(encoding);
  }
  for (std::int32_t i = 0; i < 8; ++i) {
    steps.push_back(step(Step::Kind::kArithmetic, "a" + std::to_string(i), i, i + 4));
    steps.back().operation = Step::Operation(i % 4);
  }
  for (std::int32_t i = 12; i < 15; ++i) {
    steps.push_back(step(Step::Kind::kPair, "p" + std::to_string(i), i, i + 1));
    for (std::size_t k = 0; k < kCategories; ++k) {
      for (std::size_t l = 0; l < kCategories; l += 5) {
        steps.back().categories.push_back(category(k));
        steps.back().seconds.push_back(category(l));
      }
    }
  }
  return {inputs, steps, {}};
}

model::Transform one_text() {
  table::Schema inputs;
  inputs.fields = {{"said", Type::kText}};
  std::vector<Step> steps;
  for (std::uint32_t bucket = 0; bucket < model::kTextBuckets; ++bucket) {
    steps.push_back(step(Step::Kind::kText, "said_" + std::to_string(bucket), 0));
    steps.back().bucket = bucket;
  }
  return {inputs, steps, {}};
}

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

/// Microseconds a row; `wrong` counts values that differ from those of the first turn.
double measure(const model::Transform& transform, const std::vector<std::vector<Cell>>& rows,
               std::size_t& wrong) {
  const std::size_t width = transform.features();
  std::vector<double> first(rows.size() * width), out(rows.size() * width);
  double least = 1e18;
  for (std::size_t turn = 0; turn < kTurns; ++turn) {
    auto& to = turn == 0 ? first : out;
    const double began = cpu_us();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      transform.row_with_lags(rows[i], Time{1}, {}, {to.data() + i * width, width});
    }
    least = std::min(least, (cpu_us() - began) / static_cast<double>(rows.size()));
    for (std::size_t i = 0; turn > 0 && i < out.size(); ++i) {
      wrong += out[i] == first[i] || (out[i] != out[i] && first[i] != first[i]) ? 0 : 1;
    }
  }
  return least;
}

}  // namespace

int main() {
  Chance chance(Seed{1});
  std::vector<std::string> names, texts;
  for (std::size_t i = 0; i < kCategories; ++i) names.push_back(category(i));
  for (std::size_t i = 0; i < kRows; ++i) {
    std::string text;
    while (text.size() < 100) text += "word" + std::to_string(chance.below(1000)) + " ";
    texts.push_back(text.substr(0, 100));
  }
  std::vector<std::vector<Cell>> rows, said;
  for (std::size_t i = 0; i < kRows; ++i) {
    rows.emplace_back();
    for (std::size_t column = 0; column < 20; ++column) {
      if (column >= 12 && column < 18) {
        rows.back().push_back({Cell::Kind::kText, 0, names[chance.below(kCategories)]});
      } else {
        const double number = column < 12 ? chance.normal() : 1e15 * chance.uniform();
        rows.back().push_back({Cell::Kind::kNumber, number, {}});
      }
    }
    said.push_back({{Cell::Kind::kText, 0, texts[i]}});
  }
  std::size_t wrong = 0;
  const model::Transform twenty = columns20();
  const double row = measure(twenty, rows, wrong);
  const double text = measure(one_text(), said, wrong);
  std::printf("{\"row_us\": %.4f, \"text_us\": %.4f, \"features\": %zu, \"wrong\": %zu}\n", row,
              text, twenty.features(), wrong);
  return wrong == 0 ? 0 : 1;
}
