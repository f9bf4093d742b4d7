// Fairness figures of rows that are handed in, so that another implementation can be asked about
// the same ones. Standard input: LABEL ANSWERED GROUP a line, both 0 or 1, groups by name. Prints
// one JSON object.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "evaluate/fairness.h"
#include "io/json.h"

namespace rondo::evaluate {
namespace {

int measure() {
  std::vector<std::uint8_t> positive, answered;
  std::vector<std::uint32_t> group;
  std::vector<std::string> names;
  int label = 0, answer = 0;
  std::string name;
  while (std::cin >> label >> answer >> name) {
    const auto known = std::ranges::find(names, name);
    group.push_back(static_cast<std::uint32_t>(known - names.begin()));
    if (known == names.end()) names.push_back(name);
    positive.push_back(label != 0 ? 1 : 0);
    answered.push_back(answer != 0 ? 1 : 0);
  }
  const Fairness found = fairness_of({positive, answered, group, names}, 0.95);
  if (!found.demographic_parity || !found.equal_opportunity || !found.equalized_odds) {
    fmt::print(stderr, "bench_fairness: {}\n", found.reason);
    return 1;
  }
  const auto both = [](const Disparity& one) { return Json{one.difference, one.ratio}; };
  fmt::print("{}\n", Json({{"demographic_parity", both(*found.demographic_parity)},
                           {"equal_opportunity", both(*found.equal_opportunity)},
                           {"equalized_odds", both(*found.equalized_odds)}}).dump());
  return 0;
}

}  // namespace
}  // namespace rondo::evaluate

int main() { return rondo::evaluate::measure(); }
