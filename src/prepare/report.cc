// Words and numbers about a draft. Nothing here decides; everything here follows from the draft, so
// the same inputs give the same fact.
#include "prepare/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rondo::prepare {
namespace {

constexpr std::size_t kListed = 12;

std::string count_of(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

/// "the newest 14 days"; in hours when it is less than two days.
std::string length_of(Span span) {
  const double days = span.in_days();
  if (days < 2) {
    return fmt::format("the newest {}",
                       count_of(static_cast<std::size_t>(std::ceil(days * 24)), "hour", "hours"));
  }
  return fmt::format("the newest {}",
                     count_of(static_cast<std::size_t>(std::ceil(days)), "day", "days"));
}

std::string about_rows(const Job& job, const Draft& draft) {
  std::string text = fmt::format("{} of d{} train", count_of(draft.train.size(), "row", "rows"),
                                 job.dataset);
  if (job.situation.twin) return text + ", for deployment: no row is held back";
  text += fmt::format(", {} test", grouped(draft.test.size()));
  if (draft.split.by_time) {
    text += fmt::format(" ({}", length_of(draft.split.test_until - draft.split.test_from));
    if (draft.split.by_change) {
      text += fmt::format(", half of the time since the law changed on {}",
                          to_text(*job.situation.changed));
    }
    text += ')';
  } else {
    text += fmt::format(", chosen by a hash of {}", job.situation.entity.empty()
                                                        ? std::string("their cells")
                                                        : listed(job.situation.entity));
  }
  const std::size_t between = draft.used.size() - draft.train.size() - draft.test.size();
  if (between > 0) {
    text += fmt::format(", {} in the gap of {} before them", grouped(between),
                        to_text(job.situation.gap));
  }
  return text;
}

std::string about_features(const Draft& draft) {
  const auto& past = draft.transform.history().lags;
  const auto windows = static_cast<std::size_t>(
      std::ranges::count_if(past, [](const model::Lag& lag) { return lag.over.us > 0; }));
  const auto joins = static_cast<std::size_t>(
      std::ranges::count_if(past, [](const model::Lag& lag) { return lag.ttl.us > 0; }));
  const auto lags = past.size() - windows - joins;
  std::string text = count_of(draft.transform.features(), "feature", "features");
  if (lags > 0) text += fmt::format(", {} of them {}", lags, lags == 1 ? "a lag" : "lags");
  if (windows > 0) {
    text += fmt::format(", {} of them over {}", windows, windows == 1 ? "a window" : "windows");
  }
  if (joins > 0) text += fmt::format(", {} of them joined", joins);
  const auto made = std::ranges::count_if(draft.transform.steps(), [](const model::Step& step) {
    return !step.is_raw() && step.kind != model::Step::Kind::kLag;
  });
  if (made > 0) text += fmt::format(", {} of them made of columns", made);
  return text;
}

/// "; found lags cnt_lag_1d and cnt_lag_7d (loss on 3,000 inner rows 41.5 instead of 64.2)".
std::string about_search(const Draft& draft) {
  if (draft.search.is_null()) return {};
  if (const auto why = io::get_or<std::string>(draft.search, "why_not", ""); !why.empty()) {
    return "; no features were looked for: " + why;
  }
  if (!draft.search.contains("families")) return {};
  std::vector<std::string> names;
  for (const Json& family : draft.search.at("families")) {
    for (const Json& name : family.at("kept")) names.push_back(name.get<std::string>());
  }
  const std::string rows = grouped(draft.search.at("inner_rows").get<std::uint64_t>());
  const auto without = draft.search.at("loss_without").get<double>();
  if (names.empty()) return fmt::format("; no more features help on {} inner rows", rows);
  return fmt::format("; found {} (loss {:.4g} instead of {:.4g} on {} inner rows)", listed(names),
                     draft.search.at("loss").get<double>(), without, rows);
}

std::string about_kept_out(const KeptOut& out) {
  std::string text;
  if (out.unlabelled > 0) text += fmt::format("; {} without a label yet", grouped(out.unlabelled));
  if (out.not_due > 0) {
    text += fmt::format("; {} whose label is younger than its delay", grouped(out.not_due));
  }
  if (out.quarantined > 0) {
    text += fmt::format("; {} kept out until they are judged or a signal is over",
                        grouped(out.quarantined));
  }
  return text;
}

Json findings_json(const Draft& draft) {
  Json dropped = Json::array(), findings = Json::array();
  for (const Dropped& each : draft.dropped) {
    dropped.push_back({{"column", each.column}, {"why", each.why}});
  }
  for (const Finding& each : draft.findings) {
    findings.push_back({{"rule", each.rule},
                        {"columns", each.columns},
                        {"value", each.value},
                        {"sentence", each.sentence},
                        {"figures", each.figures},
                        {"stops", each.stops}});
  }
  Json out = {{"dropped", std::move(dropped)},
              {"leaks", std::move(findings)},
              {"notes", draft.notes},
              {"unlabelled", draft.kept_out.unlabelled},
              {"not_due", draft.kept_out.not_due},
              {"quarantined", draft.kept_out.quarantined}};
  if (!draft.search.is_null()) out["search"] = draft.search;
  return out;
}

}  // namespace

std::string listed(const std::vector<std::string>& names) {
  if (names.empty()) return "nothing";
  if (names.size() == 1) return names[0];
  const std::size_t shown = std::min(names.size(), kListed);
  const bool all = shown == names.size();
  std::string text = names[0];
  for (std::size_t i = 1; i < shown; ++i) {
    text += (all && i + 1 == shown ? " and " : ", ") + names[i];
  }
  return all ? text : fmt::format("{} and {} more", text, names.size() - shown);
}

/// How many of the usable rows found no value in another table, by feature.
Json joins_json(const Draft& draft) {
  Json joins = Json::array();
  const auto& history = draft.transform.history();
  for (std::size_t i = 0; i < draft.transform.features(); ++i) {
    const model::Step& step = draft.transform.steps()[i];
    if (step.kind != model::Step::Kind::kLag) continue;
    const model::Side* side = history.side(history.lags[step.lag].series);
    if (side == nullptr) continue;
    std::size_t missing = 0;
    for (std::size_t row = 0; row < draft.matrix.rows; ++row) {
      missing += std::isnan(draft.matrix.row(row)[i]) ? 1 : 0;
    }
    joins.push_back({{"feature", step.feature}, {"table", side->table}, {"on", side->on},
                     {"ttl", to_text(history.lags[step.lag].ttl)},
                     {"missing", missing}, {"rows", draft.matrix.rows}});
  }
  return joins;
}

/// Quantiles are asked of a number; until they are learned it is one as any other.
model::Task task_of(const Job& job, const Draft& draft) {
  return job.situation.quantiles.empty() ? draft.task : model::Task::kQuantile;
}

Json evidence_of(const Job& job, const Draft& draft) {
  Json evidence = findings_json(draft);
  if (!draft.expectations.empty()) evidence["expectations"] = draft.expectations;
  evidence["dataset"] = job.dataset;
  evidence["rows"] = job.rows.rows();
  evidence["usable"] = draft.used.size();
  evidence["train"] = draft.train.size();
  evidence["test"] = draft.test.size();
  evidence["twin"] = job.situation.twin;
  evidence["split"] = job.situation.twin ? "none" : draft.split.by_time ? "time" : "hash";
  evidence["task"] = name_of(task_of(job, draft));
  evidence["features"] = draft.transform.feature_names();
  evidence["lags"] = draft.transform.history().lags.size();
  if (Json joins = joins_json(draft); !joins.empty()) evidence["joins"] = std::move(joins);
  if (draft.season.us > 0) evidence["season"] = to_text(draft.season);
  if (draft.task == model::Task::kBinary) evidence["classes"] = draft.classes;
  if (draft.task == model::Task::kMulticlass) evidence["class_count"] = draft.classes.size();
  if (draft.split.by_time && !job.situation.twin) {
    evidence["train_until_us"] = draft.split.train_until.us;
    evidence["test_from_us"] = draft.split.test_from.us;
    evidence["test_until_us"] = draft.split.test_until.us;
    evidence["gap"] = to_text(job.situation.gap);
    evidence["in_gap"] = draft.used.size() - draft.train.size() - draft.test.size();
  }
  return evidence;
}

std::string reason_of(const Job& job, const Draft& draft) {
  std::string text = about_rows(job, draft) + about_kept_out(draft.kept_out) + "; " +
                     about_features(draft) + about_search(draft);
  std::vector<std::string> names;
  for (const Dropped& each : draft.dropped) {
    if (each.news) names.push_back(each.column);
  }
  if (!names.empty()) text += "; dropped: " + listed(names);
  for (const std::string& sentence : draft.unmet) text += "; warning: expected of " + sentence;
  for (const Finding& finding : draft.findings) {
    text += (finding.stops ? "; warning: " : "; note: ") + finding.sentence;
  }
  return text;
}

model::Prepared prepared_from(const Job& job, Draft draft) {
  model::Prepared out;
  out.findings = findings_json(draft);
  out.task = task_of(job, draft);
  out.levels = job.situation.quantiles;
  out.target = job.situation.target;
  out.classes = std::move(draft.classes);
  out.transform = std::move(draft.transform);
  out.features = std::move(draft.matrix);
  out.label = std::move(draft.label);
  out.weight_column = job.situation.weight;
  out.weight = std::move(draft.weight);
  out.source_row.assign(draft.used.begin(), draft.used.end());
  if (!draft.split.by_time && !job.situation.entity.empty()) {
    for (const std::size_t row : draft.used) {
      out.group.push_back(Seed{}.derive(entity_of(job, row)).value);
    }
  }
  for (const std::size_t row : draft.used) out.side.push_back(draft.split.side[row]);
  out.by_time = draft.split.by_time;
  if (!out.by_time) return out;
  for (const std::size_t row : draft.used) out.time.push_back(job.times[row]);
  out.train_until = draft.split.train_until;
  out.test_from = draft.split.test_from;
  out.test_until = draft.split.test_until;
  out.label_until = *std::ranges::max_element(out.time);
  out.last_value = std::move(draft.last_value);
  out.season_value = std::move(draft.season_value);
  out.season = draft.season;
  return out;
}

}  // namespace rondo::prepare
