// Settings declared once. Every Options aggregate has one describe(visitor, options) that names
// each key with unit, bounds and a line of help; rondo.toml, `rondo config`, docs/CONFIG.md and the
// JSON that a worker gets all derive from it. A Reader refuses unknown keys and names the nearest
// one.
#pragma once

#include <limits>
#include <set>

#include "base/time.h"
#include "io/json.h"
#include "io/toml.h"

namespace rondo::io {

/// What is said about one key.
struct Key {
  std::string_view name;
  std::string_view help;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  std::string_view one_of = "";  // "a|b|c" for words
};

/// Fills options from a JSON object. Collects every mistake, not just the first.
class OptionsReader {
 public:
  /// `section` is "collect"; `places` gives line and column, may be null.
  OptionsReader(std::string section, const Json& object, const Toml* places, std::string file);
  void operator()(const Key& key, std::string& field);
  void operator()(const Key& key, bool& field);
  void operator()(const Key& key, std::int64_t& field);
  void operator()(const Key& key, double& field);
  void operator()(const Key& key, Span& field);                       // "1d"
  void operator()(const Key& key, std::vector<std::string>& field);   // one string is a list of one
  void operator()(const Key& key, std::vector<double>& field);
  void operator()(const Key& key, Json& field);                       // free form
  /// Unknown keys too. Errors: kInvalidInput, one line a mistake, "rondo.toml:3:1: ...".
  Result<void> finish();

 private:
  const Json* find(const Key& key);
  void mistake(std::string_view key, const std::string& sentence);
  void check_bounds(const Key& key, double value);
  std::string section_;
  const Json& object_;
  const Toml* places_;
  std::string file_;
  std::set<std::string> known_;
  std::vector<std::string> mistakes_;
};

/// Writes options as JSON: every key with its value; spans as text.
class OptionsWriter {
 public:
  void operator()(const Key& key, const std::string& field) { put(key, field); }
  void operator()(const Key& key, bool field) { put(key, field); }
  void operator()(const Key& key, std::int64_t field) { put(key, field); }
  void operator()(const Key& key, double field) { put(key, field); }
  void operator()(const Key& key, Span field) { put(key, to_text(field)); }
  void operator()(const Key& key, const std::vector<std::string>& field) { put(key, field); }
  void operator()(const Key& key, const std::vector<double>& field) { put(key, field); }
  void operator()(const Key& key, const Json& field) { put(key, field); }
  Json take() { return std::move(object_); }
  const std::vector<Key>& keys() const { return keys_; }

 private:
  void put(const Key& key, Json value) {
    keys_.push_back(key);
    object_[std::string(key.name)] = std::move(value);
  }
  Json object_ = Json::object();
  std::vector<Key> keys_;
};

/// Options from the JSON that a worker got. Errors: kInvalidInput.
template <class Options>
Result<Options> read_options(const Json& object, std::string section,
                             const Toml* places = nullptr, std::string file = "options") {
  Options options;
  OptionsReader reader(std::move(section), object, places, std::move(file));
  describe(reader, options);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  return options;
}

template <class Options>
Json write_options(const Options& options) {
  OptionsWriter writer;
  Options copy = options;
  describe(writer, copy);
  return writer.take();
}

}  // namespace rondo::io
