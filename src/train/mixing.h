// Training by search, and the twin of what a search chose: members with weights, each fitted on
// every training row, whose trees become one forest.
#pragma once

#include "train/fitting.h"
#include "train/linear.h"
#include "train/neighbours.h"
#include "train/search.h"

namespace rondo::train {

/// One part of an ensemble.
struct Member {
  Growth growth{};
  std::size_t rounds = 1;  // of a line, of neighbours 1
  std::size_t times = 1;  // its weight is times / all times

  Json json() const;
  /// Errors: kInvalidInput naming the member.
  static Result<Member> from_json(const Json& json);
};

struct Mixed {
  Model model{};  // of all members; its digest is that of their digests when there are several
  std::vector<Member> members;
};

/// A line as a model like others. Errors: kInvalidInput where there is none, kCancelled when that
/// is because somebody asked to stop.
Result<Model> model_of(std::optional<Line> line, const Stop& stop);

/// The same of neighbours.
Result<Model> model_of(std::optional<Near> near, const Stop& stop);

std::vector<Member> members_of(const Searched& searched);

/// "30 rounds of trees", "a linear model of 12 terms", "20 neighbours among 900 rows", or several.
std::string grown_text(const Mixed& mixed);

/// Of `options` threads, monotone and class_weight, of trees alone; `tell` hears how many are done,
/// one call at a time. Errors: those of fit_model() and parameters_with(); kInvalidInput where no
/// line or neighbours can be fitted.
Result<Mixed> fit_members(const model::Prepared& prepared, const RowList& train,
                          const std::vector<Member>& members, Seed seed, const Options& options,
                          const Stop& stop, const std::function<void(std::size_t)>& tell);

/// What was tried, for the facts.
Json tried_json(const Searched& searched);

}  // namespace rondo::train
