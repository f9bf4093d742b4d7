// GET /api/v1/models/..., /api/v1/data/..., /api/v1/lineage/..., /api/v1/facts: single things, as
// the commands print them with --json. What reads rows runs one at a time.
#include <fmt/format.h>

#include <charconv>

#include "api/handlers.h"
#include "api/shown.h"
#include "loop/card.h"
#include "loop/contract_view.h"
#include "loop/dataset_views.h"
#include "loop/explain_view.h"
#include "loop/lineage.h"
#include "loop/profile_view.h"
#include "loop/shift_view.h"
#include "loop/views.h"

namespace rondo::api {
namespace {

constexpr std::int64_t kMostFacts = 10'000;

/// 3 of "d3" or "3". Errors: 400.
std::expected<std::int64_t, Refusal> dataset_named(const std::string& text) {
  std::string_view digits = text;
  if (digits.starts_with('d')) digits.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc{} && end == digits.data() + digits.size() && number > 0) return number;
  return refuse(400, "wrong_type",
                fmt::format("\"{}\" is no dataset version", text.substr(0, 100)),
                "versions are written d3; GET /api/v1/data lists them");
}

/// Errors: 400.
std::expected<Time, Refusal> time_of(const Call& call, std::string_view name, Time otherwise) {
  const auto text = query_value(call.query, name);
  if (!text) return otherwise;
  if (const auto time = parse_time(*text)) return *time;
  return refuse(400, "wrong_type", fmt::format("\"{}\" is no time", text->substr(0, 100)),
                "times are written 2026-11-30T09:00:00Z");
}

}  // namespace

Reply get_card(Call& call) {
  loop::Service& service = call.app.service();
  const std::int64_t version = TRY(loop::version_named(service.store(), call.params[0]));
  return shown(TRY(loop::card_view(service.store(), service.config(), version)));
}

Reply get_card_diff(Call& call) {
  loop::Service& service = call.app.service();
  const std::int64_t before = TRY(loop::version_named(service.store(), call.params[0]));
  const std::int64_t after = TRY(loop::version_named(service.store(), call.params[1]));
  return shown(TRY(loop::card_diff(service.store(), service.config(), before, after)));
}

Reply get_reasons(Call& call) {
  loop::Service& service = call.app.service();
  const std::int64_t version = TRY(loop::version_named(service.store(), call.params[0]));
  return one_at_a_time(call, [&](const io::Path&) {
    return loop::explain_view(service.store(), version);
  });
}

Reply get_lineage(Call& call) {
  loop::Service& service = call.app.service();
  return shown(TRY(loop::lineage_view(service.store(), service.config(), call.params[0])));
}

Reply get_rejects(Call& call) {
  const std::int64_t version = TRY(dataset_named(call.params[0]));
  ledger::Store& store = call.app.service().store();
  static_cast<void>(TRY(loop::dataset_version(store, version)));
  return shown(TRY(loop::rejects_view(store, version)));
}

Reply get_contract(Call& call) {
  const std::int64_t version = TRY(dataset_named(call.params[0]));
  return one_at_a_time(call, [&](const io::Path& temp) {
    return loop::contract_view(call.app.service().store(), version, temp);
  });
}

Reply get_profile(Call& call) {
  const std::int64_t version = TRY(dataset_named(call.params[0]));
  return one_at_a_time(call, [&](const io::Path& temp) {
    return loop::profile_view(call.app.service().store(), version, temp);
  });
}

Reply get_data_diff(Call& call) {
  loop::DiffWish wish;
  wish.before = TRY(dataset_named(call.params[0]));
  wish.after = TRY(dataset_named(call.params[1]));
  loop::Service& service = call.app.service();
  return one_at_a_time(call, [&](const io::Path& temp) {
    return loop::diff_view(service.store(), service.config(), wish, temp);
  });
}

Reply get_shifts(Call& call) {
  loop::ShiftWish wish;
  wish.clock = query_value(call.query, "clock").value_or(wish.clock);
  wish.from = TRY(time_of(call, "from", wish.from));
  wish.until = TRY(time_of(call, "until", wish.until));
  return shown(TRY(loop::shifts_view(call.app.service().store(), wish)));
}

Reply get_shift_column(Call& call) {
  const Time from = TRY(time_of(call, "from", kBeginningOfTime));
  const Time until = TRY(time_of(call, "until", kEndOfTime));
  return one_at_a_time(call, [&](const io::Path&) {
    return loop::shift_column_view(call.app.service().store(), call.params[0], from, until);
  });
}

Reply get_facts(Call& call) {
  const std::int64_t after = TRY(number_of(call, "after", 0, INT64_MAX));
  const std::string kind = query_value(call.query, "kind").value_or("");
  ledger::Ledger& ledger = *call.app.service().store().ledger;
  Json out = Json::array();
  const auto facts = kind.empty() ? TRY(ledger.facts(after, kMostFacts))
                                  : TRY(ledger.facts_of(kind, after));
  for (const ledger::Fact& fact : facts) {
    if (out.size() == kMostFacts) break;
    out.push_back(fact.to_json());
  }
  return shown(out);
}

}  // namespace rondo::api
