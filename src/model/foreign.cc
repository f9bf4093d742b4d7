// Which library wrote a file, and what LightGBM's text says beside its trees: names, and the
// categories that pandas gave codes to.
#include "model/foreign.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "model/ubjson.h"

namespace rondo::model {
namespace {

std::unexpected<Error> no_text(const std::string& what, std::string hint = {}) {
  return fail(Code::kInvalidInput, "LightGBM's model text: " + what, std::move(hint));
}

/// The rest of the first line that begins with `key`.
std::optional<std::string_view> line_of(std::string_view text, std::string_view key) {
  for (std::size_t at = text.find(key); at != text.npos; at = text.find(key, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    const std::size_t from = at + key.size(), end = text.find_first_of("\r\n", from);
    return text.substr(from, end == text.npos ? text.npos : end - from);
  }
  return std::nullopt;
}

std::vector<std::string_view> words_by(std::string_view text, char by) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(by));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!word.empty()) out.push_back(word);
  }
  return out;
}

/// Which features are codes: those that feature_infos lists values of, that the parameters name, or
/// that are split by sets.
std::vector<bool> codes_of(std::string_view head, std::string_view text, const Forest& forest) {
  std::vector<bool> out;
  for (const std::uint64_t count : forest.category_counts()) out.push_back(count > 0);
  const auto infos = words_by(line_of(head, "feature_infos=").value_or(""), ' ');
  for (std::size_t i = 0; i < infos.size() && i < out.size(); ++i) {
    if (infos[i] != "none" && !infos[i].starts_with('[')) out[i] = true;
  }
  std::string_view named = line_of(text, "[categorical_feature:").value_or("");
  named = named.substr(0, named.find(']'));
  named.remove_prefix(std::min(named.find_first_not_of(' '), named.size()));
  for (const std::string_view word : words_by(named, ',')) {
    std::size_t place = 0;
    const bool whole = word.size() < 6 && std::ranges::all_of(word, [&](char c) {
      place = place * 10 + static_cast<std::size_t>(c - '0');
      return c >= '0' && c <= '9';
    });
    if (whole && place < out.size()) out[place] = true;
  }
  return out;
}

/// A category of pandas as a text that cells are looked up by.
Result<std::string> category_text(const Json& value, bool& number) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number()) return no_text("pandas_categorical holds what is no text or number");
  number = true;
  return io::canonical(value.is_number_float() && value == std::floor(value.get<double>()) &&
                               std::fabs(value.get<double>()) < 1e15
                           ? Json(value.get<std::int64_t>())
                           : value);
}

Result<void> read_categories(std::string_view text, ForeignModel& out) {
  const auto line = line_of(text, "pandas_categorical:");
  out.categories.resize(out.names.size());
  if (!line || *line == "null" || *line == "[]") return {};
  const Json lists = TRY(io::parse_json(*line, "pandas_categorical"));
  const auto count = static_cast<std::size_t>(std::ranges::count(out.is_category, true));
  if (!lists.is_array() || lists.size() != count) {
    return no_text("pandas_categorical has other than one list for each of the " +
                       std::to_string(count) + " features of categories",
                   "save the model with its parameters, by the version that trained it");
  }
  std::size_t next = 0;
  for (std::size_t i = 0; i < out.names.size(); ++i) {
    if (!out.is_category[i]) continue;
    const Json& list = lists[next++];
    if (!list.is_array()) return no_text("pandas_categorical holds what is no list");
    for (const Json& one : list) {
      out.categories[i].texts.push_back(TRY(category_text(one, out.categories[i].number)));
    }
  }
  return {};
}

/// Each name once, and each category of a feature; enough of them for the codes that trees name.
Result<void> check_names(const ForeignModel& model) {
  std::set<std::string_view> names;
  for (const std::string& name : model.names) {
    if (name.empty() || !names.insert(name).second) {
      return fail(Code::kInvalidInput, "the model calls two features \"" + name.substr(0, 60) +
                                           "\", or one nothing");
    }
  }
  const auto counts = model.forest.category_counts();
  for (std::size_t i = 0; i < model.names.size(); ++i) {
    const auto& texts = model.categories[i].texts;
    const std::set<std::string_view> each(texts.begin(), texts.end());
    if (each.size() != texts.size() || (!texts.empty() && counts[i] > texts.size())) {
      return fail(Code::kInvalidInput, "the categories of \"" + model.names[i].substr(0, 60) +
                                           "\" come twice, or are fewer than its trees name");
    }
    if (counts[i] > 1'000'000) {
      return fail(Code::kInvalidInput, "\"" + model.names[i].substr(0, 60) +
                                           "\" has codes beyond 1,000,000");
    }
  }
  return {};
}

}  // namespace

Result<ForeignModel> read_lightgbm(std::string_view text) {
  ForeignModel out;
  out.library = "LightGBM";
  out.forest = TRY(Forest::from_lightgbm(text));
  const std::string_view head = text.substr(0, text.find("\n\n"));
  out.objective = line_of(head, "objective=").value_or("none");
  switch (out.forest.link()) {
    case Link::kSoftmax: out.task = Task::kMulticlass; break;
    case Link::kSigmoid:
      out.task = out.objective.starts_with("binary") ? Task::kBinary : Task::kRegression;
      break;
    default: out.task = Task::kRegression;
  }
  for (const std::string_view word : words_by(line_of(head, "feature_names=").value_or(""), ' ')) {
    out.names.emplace_back(word);
  }
  if (out.names.size() != out.forest.features()) {
    return no_text("feature_names has " + std::to_string(out.names.size()) + " names, not " +
                   std::to_string(out.forest.features()));
  }
  out.is_category = codes_of(head, text, out.forest);
  TRY(read_categories(text, out));
  return out;
}

Result<Json> xgboost_document(std::string_view bytes) {
  const std::size_t first = bytes.find('{');
  const std::size_t next = bytes.find_first_not_of(" \t\r\n", std::min(first, bytes.size()) + 1);
  const bool is_text = next != bytes.npos && (bytes[next] == '"' || bytes[next] == '}');
  if (is_text) return io::parse_json(bytes, "XGBoost's model");
  return parse_ubjson(bytes);
}

Result<ForeignModel> read_foreign(std::string_view bytes) {
  const auto read = [&]() -> Result<ForeignModel> {
    if (bytes.starts_with("tree\n") || bytes.starts_with("tree\r\n")) return read_lightgbm(bytes);
    const std::size_t first = bytes.find_first_not_of(" \t\r\n");
    if (first == bytes.npos || bytes[first] != '{') {
      return fail(Code::kInvalidInput,
                  "this is neither LightGBM's text nor XGBoost's JSON or UBJSON",
                  "save it by save_model(\"model.txt\"), (\"model.json\") or (\"model.ubj\")");
    }
    return read_xgboost(TRY(xgboost_document(bytes)));
  };
  ForeignModel model = TRY(read());
  TRY(check_names(model));
  return model;
}

}  // namespace rondo::model
