// Weights are shares of how often a member was chosen; raw scores add up.
#include "train/mixing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/guarded.h"
#include "base/lanes.h"
#include "io/digest.h"
#include "base/words.h"
#include "model/blend.h"
#include "model/neighbours.h"

namespace rondo::train {

Json Member::json() const {
  return {{"options", growth.json()}, {"rounds", rounds}, {"times", times}};
}

Result<Member> Member::from_json(const Json& json) {
  Member member;
  member.growth = TRY(Growth::from_json(TRY(io::get<Json>(json, "options"))));
  member.rounds = TRY(io::get<std::uint64_t>(json, "rounds"));
  member.times = TRY(io::get<std::uint64_t>(json, "times"));
  if (member.rounds < 1 || member.times < 1) {
    return fail(Code::kInvalidInput, "a member of an ensemble has no rounds or no weight");
  }
  return member;
}

std::string grown_text(const Mixed& mixed) {
  std::uint64_t rounds = 0, forest = 0;
  bool line = false;
  for (const Member& member : mixed.members) {
    if (member.growth.line) line = true;
    else if (!member.growth.near) (member.growth.forest ? forest : rounds) += member.rounds;
  }
  std::vector<std::string> parts;
  if (rounds > 0) parts.push_back(grouped(rounds) + " rounds of trees");
  if (forest > 0) parts.push_back(fmt::format("a forest of {} trees", grouped(forest)));
  if (line) {
    const std::size_t terms = mixed.model.forest.terms().size();
    parts.push_back(fmt::format("a linear model of {} {}", grouped(terms),
                                terms == 1 ? "term" : "terms"));
  }
  for (const model::NeighbourTerm& term : mixed.model.forest.neighbours()) {
    parts.push_back(fmt::format("{} neighbours among {} rows", term.rows->parts().k,
                                grouped(term.rows->rows())));
  }
  return fmt::format("{}", fmt::join(parts, " and "));
}

Result<Model> model_of(std::optional<Line> line, const Stop& stop) {
  if (!line && stop.requested()) {
    return fail(Code::kCancelled, "training was stopped before it had a model");
  }
  if (!line) {
    return fail(Code::kInvalidInput, "no linear model can be fitted to these rows",
                "it takes 50 rows and a column with two values; or let trees grow: "
                "[train] learners = [\"trees\"]");
  }
  Model model;
  model.digest = io::sha256(line->forest.encode()).hex();
  model.forest = std::move(line->forest);
  model.rounds = 1;
  return model;
}

Result<Model> model_of(std::optional<Near> near, const Stop& stop) {
  if (!near && stop.requested()) {
    return fail(Code::kCancelled, "training was stopped before it had a model");
  }
  if (!near) {
    return fail(Code::kInvalidInput, "no neighbours can be kept of these rows",
                "it takes 50 rows, a column with two values, and time to look at them: make "
                "[train] row_max greater; or let trees grow: [train] learners = [\"trees\"]");
  }
  Model model;
  model.digest = io::sha256(near->forest.encode()).hex();
  model.forest = std::move(near->forest);
  model.rounds = 1;
  return model;
}

std::vector<Member> members_of(const Searched& searched) {
  std::vector<Member> members;
  for (const Share& share : searched.chosen.shares) {
    const Tried& tried = searched.tried[share.candidate];
    members.push_back({tried.growth, tried.rounds, share.times});
  }
  return members;
}

Result<Mixed> fit_members(const model::Prepared& prepared, const RowList& train,
                          const std::vector<Member>& members, Seed seed, const Options& options,
                          const Stop& stop, const std::function<void(std::size_t)>& tell) {
  std::vector<Result<Model>> made(members.size());
  Guarded<std::size_t> done(std::size_t{0});
  const std::size_t lanes = lanes_for(options.threads);
  const std::size_t all = threads_for(options.threads, prepared.features.values.size());
  const std::size_t each = members.size() == 1 ? all : std::max<std::size_t>(all / lanes, 1);
  std::vector<Member> told = members;
  const auto fit = [&](Member& member) -> Result<Model> {
    if (member.growth.line) {
      // As its original was: rows of another day might choose otherwise.
      Growth& growth = member.growth;
      std::optional<Line> line =
          growth.penalty > 0
              ? fit_line(prepared, train, {growth.bent, growth.penalty, 0, {}}, stop)
              : fit_best_line(prepared, train, seed, stop);
      if (line) growth.bent = line->choice.bent, growth.penalty = line->choice.penalty;
      return model_of(std::move(line), stop);
    }
    if (member.growth.near) {
      const NearLimits near = TRY(near_limits(options, stop));
      std::optional<Near> made_of = member.growth.k > 0
                                        ? fit_near(prepared, train, member.growth.k, near)
                                        : fit_best_near(prepared, train, seed, near);
      if (made_of) member.growth.k = made_of->k;
      return model_of(std::move(made_of), stop);
    }
    Limits limits;
    limits.rounds = member.rounds;
    limits.stop = stop;
    const Parameters parameters =
        TRY(parameters_with(prepared, member.growth, options, seed, each));
    return fit_model(prepared, train, parameters, limits);
  };
  side_by_side(members.size(), lanes, [&](std::size_t i) {
    made[i] = fit(told[i]);
    done.with([&](std::size_t& count) { tell(++count); });
  });
  std::vector<Model> models;
  for (Result<Model>& model : made) models.push_back(TRY(std::move(model)));
  std::size_t times = 0;
  for (const Member& member : members) times += member.times;
  Mixed mixed{{}, std::move(told)};
  std::vector<model::Weighted> weighted;
  std::string digests;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const double weight = static_cast<double>(members[i].times) / static_cast<double>(times);
    weighted.push_back({&models[i].forest, weight});
    digests += fmt::format("{} {}\n", members[i].times, models[i].digest);
    mixed.model.rounds += models[i].rounds;
  }
  mixed.model.forest = TRY(model::blend(weighted));
  mixed.model.digest = models.size() == 1 ? models[0].digest : io::sha256(digests).hex();
  return mixed;
}

Json tried_json(const Searched& searched) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < searched.tried.size(); ++i) {
    const Tried& tried = searched.tried[i];
    Json row = {{"origin", tried.origin}, {"loss", tried.loss}, {"rounds", tried.rounds},
                {"options", tried.growth.json()}};
    if (tried.behind) row["ended"] = "far behind after its first fold";
    for (const Share& share : searched.chosen.shares) {
      if (share.candidate == i) row["times"] = share.times;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace rondo::train
