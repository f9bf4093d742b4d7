// Reading contract.toml, and laying it over what is known.
#include "collect/agreed.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collect/reject.h"
#include "io/digest.h"

namespace rondo::collect {
namespace {

using table::Contract;
using table::Rule;
using table::Type;

constexpr std::array<std::string_view, 4> kKeys = {"type", "nullable", "values", "range"};

class FileReader {
 public:
  explicit FileReader(io::Toml toml) : toml_(std::move(toml)) {}

  Result<Agreed> run() {
    for (const auto& [key, value] : toml_.value.items()) {
      if (key != "columns" || !value.is_object()) {
        return bad(key, fmt::format("there is only [columns.NAME], not \"{}\"", shown(key)),
                   "[columns.age]\n  type = \"integer\"");
      }
    }
    const Json columns = io::get_or<Json>(toml_.value, "columns", Json::object());
    for (const auto& [name, said] : columns.items()) {
      if (!said.is_object()) {
        return bad("columns." + name, fmt::format("columns.{} must be a table", shown(name)),
                   fmt::format("write [columns.{}] and below it type = \"number\"", shown(name)));
      }
      TRY(column(name, said));
    }
    out_.where = std::move(toml_.where);
    return std::move(out_);
  }

 private:
  std::unexpected<Error> bad(const std::string& key, const std::string& what,
                             std::string hint) const {
    return fail(Code::kInvalidInput,
                fmt::format("{}: {}", io::place_of(toml_.where, kContractFile, key), what),
                std::move(hint));
  }

  Result<void> column(const std::string& name, const Json& said) {
    const std::string at = "columns." + name;
    const std::vector<std::string> known(kKeys.begin(), kKeys.end());
    for (const auto& [key, value] : said.items()) {
      if (std::ranges::find(known, key) != known.end()) continue;
      const std::string near = io::nearest(key, known);
      return bad(at + "." + key, fmt::format("a column has no \"{}\"", shown(key)),
                 near.empty() ? "it has type, nullable, values and range"
                              : fmt::format("did you mean \"{}\"?", near));
    }
    if (!said.contains("type") || !said.at("type").is_string()) {
      return bad(at, fmt::format("{} needs a type", shown(name)), kTypes);
    }
    const auto type = table::type_from(said.at("type").get<std::string>());
    if (!type) {
      return bad(at + ".type", fmt::format("\"{}\" is no type",
                                           shown(said.at("type").get<std::string>())), kTypes);
    }
    out_.schema.fields.push_back({name, *type});
    Rule rule;
    TRY(nullable(at, said, rule));
    TRY(values(at, said, *type, rule));
    TRY(range(at, said, *type, rule));
    if (rule != Rule{}) out_.rules[name] = std::move(rule);
    return {};
  }

  Result<void> nullable(const std::string& at, const Json& said, Rule& rule) const {
    if (!said.contains("nullable")) return {};
    if (!said.at("nullable").is_boolean()) {
      return bad(at + ".nullable", "nullable is true or false", "nullable = false");
    }
    rule.nullable = said.at("nullable").get<bool>();
    return {};
  }

  Result<void> values(const std::string& at, const Json& said, Type type, Rule& rule) const {
    if (!said.contains("values")) return {};
    const Json& list = said.at("values");
    const bool texts = list.is_array() && !list.empty() &&
                       std::ranges::all_of(list, [](const Json& v) { return v.is_string(); });
    if (!texts || !table::is_text(type)) {
      return bad(at + ".values", "values are the texts that a category may be",
                 "values = [\"a\", \"b\"]; of numbers say range = [0, 100]");
    }
    rule.values = list.get<std::vector<std::string>>();
    return {};
  }

  Result<void> range(const std::string& at, const Json& said, Type type, Rule& rule) const {
    if (!said.contains("range")) return {};
    const Json& ends = said.at("range");
    const bool numbers = ends.is_array() && ends.size() == 2 && ends[0].is_number() &&
                         ends[1].is_number() && ends[0].get<double>() <= ends[1].get<double>();
    if (!numbers || (type != Type::kNumber && type != Type::kInteger)) {
      return bad(at + ".range", "a range is the least and the greatest of numbers",
                 "range = [0, 100]; one without an end: [0, inf]");
    }
    rule.range = {ends[0].get<double>(), ends[1].get<double>()};
    return {};
  }

  static constexpr const char* kTypes = "number, integer, category, text, bool or time";
  io::Toml toml_;
  Agreed out_;
};

std::string place(const Agreed& agreed, const std::string& column, const char* key) {
  return io::place_of(agreed.where, kContractFile, fmt::format("columns.{}.{}", column, key));
}

/// Whether every value of one type is written as one of another.
bool widens(Type from, Type to) noexcept {
  if (to == Type::kText) return true;
  if (to == Type::kCategory) return from != Type::kText;
  return from == Type::kInteger && to == Type::kNumber;
}

}  // namespace

Result<Agreed> read_agreed(io::Fs& fs, const io::Path& project) {
  const io::Path path = project / kContractFile;
  if (!TRY(fs.stat(path))) return Agreed{};
  const std::string text = TRY(fs.read(path, 8 << 20));
  Agreed agreed = TRY(FileReader(TRY(io::parse_toml(text, kContractFile))).run());
  agreed.digest = io::sha256(text).hex();
  return agreed;
}

Result<void> agree(const Agreed& agreed, bool first, Contract& contract,
                   std::vector<std::string>& changes) {
  if (agreed.digest == contract.file) return {};
  std::vector<std::string> names;
  for (const table::Field& field : contract.schema.fields) names.push_back(field.name);
  for (const table::Field& said : agreed.schema.fields) {
    const auto at = contract.schema.find(said.name);
    if (!at) {
      const std::string near = io::nearest(said.name, names);
      return fail(Code::kInvalidInput,
                  fmt::format("{}: the data have no column \"{}\"",
                              place(agreed, said.name, "type"), shown(said.name)),
                  near.empty() ? "rondo data contract prints the columns that there are"
                               : fmt::format("did you mean \"{}\"?", near));
    }
    Type& type = contract.schema.fields[*at].type;
    if (type == said.type) continue;
    if (!first && !widens(type, said.type)) {
      return fail(Code::kInvalidInput,
                  fmt::format("{}: {} is of type {} in the rows of before, which cannot become {}",
                              place(agreed, said.name, "type"), said.name, name_of(type),
                              name_of(said.type)),
                  "a type can be widened: integer, number, category, text");
    }
    changes.push_back(fmt::format("{}: {} is of type {} now, not {}", kContractFile, said.name,
                                  name_of(said.type), name_of(type)));
    type = said.type;
  }
  for (const auto& [name, rule] : agreed.rules) {
    const auto before = contract.rules.find(name);
    if (before != contract.rules.end() && before->second == rule) continue;
    changes.push_back(fmt::format("{}: a rule for {}", kContractFile, name));
  }
  for (const auto& [name, rule] : contract.rules) {
    if (agreed.rules.contains(name)) continue;
    changes.push_back(fmt::format("{}: no rule for {} any more", kContractFile, name));
  }
  contract.rules = agreed.rules;
  contract.file = agreed.digest;
  if (!first) ++contract.version;
  return {};
}

}  // namespace rondo::collect
