// See references.h.
#include "ledger/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace rondo::ledger {
namespace {

/// Keys of a fact's body that promise objects: all digests below them.
constexpr std::array<std::string_view, 2> kPromiseAll = {"outputs", "inputs"};
/// Keys whose own value is the name of an object. Numbers of a step stand under "evidence" too, and
/// a digest among those names none.
constexpr std::array<std::string_view, 6> kPromise = {"manifest", "pipeline", "candidate",
                                                      "prepared", "evidence", "rejects"};

bool promises(const std::string& key, const Json& value) {
  const auto among = [&](const auto& keys) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  return among(kPromiseAll) || (value.is_string() && among(kPromise));
}

constexpr std::size_t kBatch = 512;
constexpr std::uint64_t kLargestManifest = 64ULL << 20;

class Collector {
 public:
  Collector(const Objects& objects, References& out) : objects_(objects), out_(out) {}

  void collect(const Json& value, const std::string& where, bool promised) {
    if (value.is_string()) return digest(value.get_ref<const std::string&>(), where, promised);
    if (value.is_array()) {
      for (const Json& item : value) collect(item, where, promised);
    } else if (value.is_object()) {
      for (const auto& [key, item] : value.items()) {
        collect(item, where + (where.ends_with(' ') ? "" : ".") + key,
                promised || promises(key, item));
      }
    }
  }

 private:
  void digest(const std::string& text, const std::string& where, bool promised) {
    if (text.size() != 64) return;
    const auto found = io::Digest::from_hex(text);
    if (!found) return;
    const bool fresh = out_.mentioned.insert(*found).second;
    const bool promise = promised && out_.named.emplace(*found, where).second;
    if (fresh || promise) follow(*found, promised);
  }

  /// Into the object, if it is a manifest.
  void follow(const io::Digest& digest, bool promised) {
    const auto json = manifest_at(digest);
    if (!json) return;
    const std::string where = "manifest " + digest.brief();
    for (const Json& segment : json->value("segments", Json::array())) {
      collect(segment.value("file", Json()), where + ", a segment", promised);
      collect(segment.value("content", Json()), where, false);
    }
    collect(json->value("deleted", Json()), where + ", deleted rows", promised);
    collect(json->value("rejects", Json()), where + ", rejects", promised);
    collect(json->value("tables", Json()), where + ", table ", promised);
    collect(json->value("parent", Json()), where + ", parent", promised);
  }

  std::optional<Json> manifest_at(const io::Digest& digest) const {
    if (!objects_.has(digest) || !objects_.starts_with(digest, "{", kLargestManifest)) return {};
    const auto bytes = objects_.get(digest);
    if (!bytes) return std::nullopt;
    auto json = io::parse_json(*bytes);
    if (!json || !json->is_object()) return std::nullopt;
    const bool ours = io::get_or<std::string>(*json, "format", "") == "rondo manifest 1";
    if (!ours || !json->value("segments", Json()).is_array()) return std::nullopt;
    return *std::move(json);
  }

  const Objects& objects_;
  References& out_;
};

Result<void> for_each_fact(Ledger& ledger, const std::function<void(const Fact&)>& each) {
  for (std::int64_t after = 0;;) {
    const auto facts = TRY(ledger.facts(after, kBatch));
    for (const Fact& fact : facts) each(fact);
    if (facts.size() < kBatch) return {};
    after = facts.back().sequence;
  }
}

std::int64_t greatest_in(const Json& value, bool here) {
  std::int64_t most = 0;
  if (here && value.is_number_integer()) most = value.get<std::int64_t>();
  if (value.is_array()) {
    for (const Json& item : value) most = std::max(most, greatest_in(item, false));
  } else if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      most = std::max(most, greatest_in(item, key == "version"));
    }
  }
  return most;
}

}  // namespace

Result<References> references_of(Ledger& ledger, const Objects& objects) {
  References out;
  Collector collector(objects, out);
  TRY(for_each_fact(ledger, [&](const Fact& fact) {
    collector.collect(fact.body, fmt::format("fact {}, ", fact.sequence), false);
  }));
  for (const Projection& projection : TRY(ledger.projections())) {
    collector.collect(projection.value, "projection " + projection.name + ", ", false);
  }
  return out;
}

Result<std::int64_t> greatest_version(Ledger& ledger) {
  std::int64_t most = 0;
  TRY(for_each_fact(ledger, [&](const Fact& fact) {
    most = std::max(most, greatest_in(fact.body, false));
  }));
  return most;
}

}  // namespace rondo::ledger
