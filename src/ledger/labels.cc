// See labels.h.
#include "ledger/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/failpoint.h"

namespace rondo::ledger {
namespace {

#define RONDO_LABEL_COLUMNS "id, version, value, time_us, received_us, correction, row"

Result<Label> label_from(const Query& query) {
  Label out;
  out.id = query.text(0);
  out.version = query.integer(1);
  out.value = TRY(during(query.json(2), fmt::format("reading the label of {}", out.id)));
  out.time = {query.integer(3)};
  out.received = {query.integer(4)};
  out.correction = query.integer(5) != 0;
  return out;
}

Result<Request> request_from(const Query& query) {
  Request out;
  out.id = query.integer(0);
  out.key = query.text(1);
  out.act = query.text(2);
  out.arguments = TRY(query.json(3));
  out.who = query.text(4);
  out.why = query.text(5);
  if (!query.is_null(6)) out.result = TRY(query.json(6));
  return out;
}

Result<void> insert_label(Db& db, const Label& label, std::int64_t version) {
  RONDO_FAILPOINT(kLabelsInsert);
  Query query = TRY(db.query(
      "INSERT INTO labels(id, version, value, time_us, received_us, correction) "
      "VALUES(?,?,?,?,?,?)"));
  query.bind(label.id).bind(version).bind(io::canonical(label.value)).bind(label.time.us);
  query.bind(label.received.us).bind(std::int64_t{version > 1});
  return query.run();
}

}  // namespace

Result<void> check_labels(std::span<const Label> labels) {
  for (const Label& label : labels) {
    if (label.id.empty()) return fail(Code::kInvalidInput, "a label has no prediction id");
    const Json& value = label.value;
    const bool finite = !value.is_number_float() || std::isfinite(value.get<double>());
    if ((value.is_number() && finite) || value.is_string() || value.is_boolean()) continue;
    return fail(Code::kInvalidInput,
                fmt::format("the label of {} is no finite number, text, true or false", label.id));
  }
  return {};
}

Result<std::optional<Label>> newest_label(Db& db, std::string_view id) {
  Query query = TRY(db.query("SELECT " RONDO_LABEL_COLUMNS
                             " FROM labels WHERE id = ? ORDER BY version DESC LIMIT 1"));
  query.bind(id);
  if (!TRY(query.step())) return std::optional<Label>();
  return std::optional(TRY(label_from(query)));
}

Result<LabelCounts> insert_labels(Db& db, std::span<const Label> labels) {
  LabelCounts counts;
  for (const Label& label : labels) {
    const auto known = TRY(newest_label(db, label.id));
    if (known && known->value == label.value) {
      ++counts.duplicate;
    } else if (known && !label.correction) {
      ++counts.conflicting;
    } else {
      TRY(insert_label(db, label, known ? known->version + 1 : 1));
      ++counts.accepted;
    }
  }
  return counts;
}

Result<std::vector<Label>> labels_after(Db& db, std::int64_t row, std::size_t limit,
                                        std::int64_t* next) {
  Query query = TRY(db.query(
      "SELECT " RONDO_LABEL_COLUMNS ", CASE version WHEN 1 THEN row ELSE "
      "(SELECT row FROM labels AS c WHERE c.id = a.id AND c.version = 1) END "
      "FROM labels AS a WHERE row > ? AND NOT EXISTS "
      "(SELECT 1 FROM labels AS b WHERE b.id = a.id AND b.version > a.version) "
      "ORDER BY row LIMIT ?"));
  query.bind(row).bind(static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX)));
  std::vector<Label> out;
  std::int64_t last = row;
  while (TRY(query.step())) {
    out.push_back(TRY(label_from(query)));
    out.back().first_row = query.integer(7);
    last = query.integer(6);
  }
  if (next != nullptr) *next = last;
  return out;
}

Result<void> each_label(Ledger& ledger, std::int64_t& row,
                        const std::function<void(const Label&)>& each) {
  constexpr std::size_t kAtOnce = 10'000;
  for (std::size_t got = kAtOnce; got == kAtOnce;) {
    std::int64_t last = row;
    const auto labels = TRY(ledger.labels_after(row, kAtOnce, &last));
    std::ranges::for_each(labels, each);
    row = last;
    got = labels.size();
  }
  return {};
}

// Requests -----------------------------------------------------------------------------------

#define RONDO_REQUEST "SELECT id, key, act, arguments, who, why, result FROM requests "

Result<Request> insert_request(Db& db, const Request& request) {
  RONDO_FAILPOINT(kRequestInsert);
  const std::string key =
      request.key.empty() ? io::base64url(io::random_bytes(18)) : request.key;
  Query find = TRY(db.query(RONDO_REQUEST "WHERE key = ?"));
  find.bind(key);
  if (TRY(find.step())) {
    Request known = TRY(request_from(find));
    if (known.act == request.act && known.arguments == request.arguments) return known;
    return fail(Code::kConflict,
                fmt::format("the idempotency key {} was used for another request ({})", key,
                            known.act),
                "use a new key for a new wish");
  }
  Query insert = TRY(db.query(
      "INSERT INTO requests(key, act, arguments, who, why) VALUES(?,?,?,?,?)"));
  insert.bind(key).bind(request.act).bind(io::canonical(request.arguments));
  insert.bind(request.who).bind(request.why);
  TRY(insert.run());
  Request out = request;
  out.key = key;
  out.id = db.last_row();
  out.result.reset();
  return out;
}

Result<std::optional<Request>> find_request(Db& db, std::int64_t id) {
  Query query = TRY(db.query(RONDO_REQUEST "WHERE id = ?"));
  query.bind(id);
  if (!TRY(query.step())) return std::optional<Request>();
  return std::optional(TRY(request_from(query)));
}

Result<std::vector<Request>> open_requests(Db& db) {
  Query query = TRY(db.query(RONDO_REQUEST "WHERE result IS NULL ORDER BY id"));
  std::vector<Request> out;
  while (TRY(query.step())) out.push_back(TRY(request_from(query)));
  return out;
}

Result<void> set_result(Db& db, std::int64_t id, const Json& result) {
  RONDO_FAILPOINT(kRequestDone);
  const auto known = TRY(find_request(db, id));
  if (!known) return fail(Code::kNotFound, fmt::format("there is no request {}", id));
  if (known->result) return fail(Code::kConflict, fmt::format("request {} has a result", id));
  Query query = TRY(db.query("UPDATE requests SET result = ? WHERE id = ?"));
  query.bind(io::canonical(result)).bind(id);
  return query.run();
}

}  // namespace rondo::ledger
