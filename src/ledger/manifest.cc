// Manifests as JSON: times in microseconds, digests as hexadecimal text. Whatever is read is
// checked field by field, because restored and imported stores come from elsewhere.
#include "ledger/manifest.h"

#include <fmt/format.h>

#include "base/failpoint.h"

namespace rondo::ledger {
namespace {

Json to_json(const Segment& segment) {
  Json json = {{"content", segment.content.hex()},
               {"file", segment.file.hex()},
               {"first_us", segment.first.us},
               {"last_us", segment.last.us},
               {"rows", segment.rows}};
  if (segment.served()) json["same_by"] = segment.same_by;
  return json;
}

Result<std::uint64_t> count_of(const Json& object, std::string_view key) {
  const auto value = TRY(io::get<std::int64_t>(object, key));
  if (value >= 0) return static_cast<std::uint64_t>(value);
  return fail(Code::kInvalidInput, fmt::format("\"{}\" is negative", key));
}

Result<io::Digest> digest_of(const Json& object, std::string_view key) {
  return io::Digest::from_hex(TRY(io::get<std::string>(object, key)));
}

Result<std::optional<io::Digest>> optional_digest(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::optional<io::Digest>();
  return std::optional(TRY(digest_of(object, key)));
}

Result<Segment> segment_from(const Json& json) {
  if (!json.is_object()) return fail(Code::kInvalidInput, "a segment is no object");
  Segment out;
  out.file = TRY(digest_of(json, "file"));
  out.content = TRY(digest_of(json, "content"));
  out.rows = TRY(count_of(json, "rows"));
  out.first = {TRY(io::get<std::int64_t>(json, "first_us"))};
  out.last = {TRY(io::get<std::int64_t>(json, "last_us"))};
  for (const Json& name : io::get_or<Json>(json, "same_by", Json::array())) {
    if (!name.is_string()) return fail(Code::kInvalidInput, "\"same_by\" lists no column names");
    out.same_by.push_back(name.get<std::string>());
  }
  return out;
}

Result<std::vector<std::uint32_t>> lines_from(const Json& json) {
  std::vector<std::uint32_t> lines;
  for (const Json& line : json) {
    if (!line.is_number_unsigned()) {
      return fail(Code::kInvalidInput, "\"resolved\" lists no lines");
    }
    lines.push_back(line.get<std::uint32_t>());
  }
  return lines;
}

Result<Counts> counts_from(const Json& json) {
  Counts out;
  out.read = TRY(count_of(json, "read"));
  out.accepted = TRY(count_of(json, "accepted"));
  out.rejected = TRY(count_of(json, "rejected"));
  out.duplicate = TRY(count_of(json, "duplicate"));
  return out;
}

}  // namespace

Json Manifest::to_json() const {
  Json list = Json::array();
  for (const Segment& segment : segments) list.push_back(ledger::to_json(segment));
  Json json = {{"contract", contract.to_json()},
               {"counts",
                {{"accepted", counts.accepted},
                 {"duplicate", counts.duplicate},
                 {"read", counts.read},
                 {"rejected", counts.rejected}}},
               {"cursor", cursor},
               {"format", "rondo manifest 1"},
               {"labelled", labelled},
               {"number", number},
               {"orders_only", orders_only},
               {"parent", parent ? Json(parent->hex()) : Json()},
               {"rejects", rejects ? Json(rejects->hex()) : Json()},
               {"rows", rows},
               {"segments", std::move(list)}};
  if (!resolved.empty()) json["resolved"] = resolved;
  for (const auto& [name, digest] : tables) json["tables"][name] = digest.hex();
  if (superseded > 0) json["superseded"] = superseded;
  if (deleted) json["deleted"] = {{"object", deleted->object.hex()}, {"rows", deleted->rows}};
  return json;
}

Result<Manifest> Manifest::from_json(const Json& json) {
  if (!json.is_object()) return fail(Code::kInvalidInput, "a manifest is a JSON object");
  const auto format = TRY(io::get<std::string>(json, "format"));
  if (format != "rondo manifest 1") {
    return fail(Code::kInvalidInput,
                fmt::format("this manifest has the format \"{}\", not \"rondo manifest 1\"",
                            format));
  }
  Manifest out;
  out.number = TRY(count_of(json, "number"));
  out.parent = TRY(optional_digest(json, "parent"));
  out.rejects = TRY(optional_digest(json, "rejects"));
  out.contract = TRY(table::Contract::from_json(TRY(io::get<Json>(json, "contract"))));
  out.cursor = TRY(io::get<Json>(json, "cursor"));
  out.counts = TRY(counts_from(TRY(io::get<Json>(json, "counts"))));
  out.rows = TRY(count_of(json, "rows"));
  out.labelled = TRY(count_of(json, "labelled"));
  out.orders_only = io::get_or<bool>(json, "orders_only", false);
  const Json segments = TRY(io::get<Json>(json, "segments"));
  if (!segments.is_array()) return fail(Code::kInvalidInput, "\"segments\" is no list");
  std::uint64_t rows = 0;
  for (const Json& segment : segments) {
    out.segments.push_back(TRY(segment_from(segment)));
    rows += out.segments.back().rows;
  }
  const Json resolved = io::get_or<Json>(json, "resolved", Json::object());
  for (const auto& [object, lines] : resolved.items()) {
    out.resolved[object] = TRY(lines_from(lines));
  }
  const Json tables = io::get_or<Json>(json, "tables", Json::object());
  for (const auto& [name, digest] : tables.items()) {
    out.tables.emplace(name, TRY(digest_of(tables, name)));
  }
  if (json.contains("superseded")) out.superseded = TRY(count_of(json, "superseded"));
  if (json.contains("deleted")) {
    const Json deleted = json["deleted"];
    out.deleted = {TRY(digest_of(deleted, "object")), TRY(count_of(deleted, "rows"))};
  }
  const std::uint64_t deleted = out.deleted ? out.deleted->rows : 0;
  if (rows != out.rows + out.superseded + deleted) {
    return fail(Code::kInvalidInput,
                fmt::format("\"rows\" is {}, \"superseded\" {}, and {} are deleted, but the "
                            "segments have {} rows",
                            out.rows, out.superseded, deleted, rows));
  }
  return out;
}

Result<io::Digest> put_manifest(const Objects& objects, const Manifest& manifest) {
  RONDO_FAILPOINT(kManifestWrite);
  return objects.put(io::canonical(manifest.to_json()));
}

Result<Manifest> get_manifest(const Objects& objects, const io::Digest& digest) {
  const std::string bytes = TRY(objects.get(digest));
  const auto read = [&]() -> Result<Manifest> {
    return Manifest::from_json(TRY(io::parse_json(bytes, "a manifest")));
  }();
  if (read) return read;
  return fail(Code::kCorrupt,
              fmt::format("object {} is no manifest: {}", digest.brief(), read.error().message));
}

}  // namespace rondo::ledger
