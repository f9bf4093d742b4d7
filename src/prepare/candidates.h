// What `features = "auto"` may add to a recipe: the same wishes that a project could write down.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "prepare/draft.h"

namespace rondo::prepare {

/// A lag, a window, or a feature that is made of columns.
struct Wish {
  std::variant<LagWish, MadeWish> what;
  std::string feature(std::string_view target) const;
  std::size_t features(const Draft& draft) const;  // how many it becomes
};

/// Tables as rondo.toml would have them: {"lag": [...], "window": [...], "combine": [...], ...}.
Json to_json(const std::vector<Wish>& wishes);
/// Errors: kInvalidInput naming the table.
Result<std::vector<Wish>> wishes_from(const Json& json);

struct Family {
  std::string name;                    // lags, windows, arithmetic, encodings, pairs, text
  std::vector<Wish> wishes;
  std::size_t most = 8;                // of them that may stay
};
/// Families to try, in order, without what the project asks for itself. `importance` has one value
/// a feature of the draft; the most important columns are combined. Pure.
std::vector<Family> families_for(const Job& job, const Draft& draft,
                                 std::span<const double> importance);

/// What a search came to.
struct Found {
  std::vector<Wish> wishes;
  Json told = Json::object();          // what was tried, and its figures
};
/// Shape: draft has its transform and matrix. Deterministic. Cost: at most 14 fits of learner.h.
Found search_features(const Job& job, const Draft& draft);

/// Lags first, else in the order of the wishes.
model::Transform fit_wishes(const Job& job, const Draft& draft, const std::vector<Wish>& wishes);

}  // namespace rondo::prepare
