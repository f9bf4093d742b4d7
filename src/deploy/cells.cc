// A row as JSON into cells. Nothing is coerced: a text is never a number, 1.5 is never a whole
// number; null is missing.
#include <algorithm>
#include <cmath>

#include "deploy/router.h"
#include "io/toml.h"

namespace rondo::deploy {
namespace {

using model::Cell;
using table::Type;

std::string expectation(Type type) {
  switch (type) {
    case Type::kNumber: return "a number";
    case Type::kInteger: return "a whole number";
    case Type::kBool: return "true or false";
    case Type::kTime: return "a time as text (\"2012-01-31T08:00:00Z\")";
    case Type::kCategory:
    case Type::kText: return "a text";
  }
  return "a value";
}

Cell number(double value) { return {Cell::Kind::kNumber, value, {}}; }

/// None when the value has another type.
std::optional<Cell> cell_of(const Json& value, Type type) {
  if (value.is_null()) return Cell{};
  switch (type) {
    case Type::kInteger:
      if (value.is_number_float() && value.get<double>() != std::trunc(value.get<double>())) break;
      [[fallthrough]];
    case Type::kNumber:
      if (!value.is_number()) break;
      return number(value.get<double>());
    case Type::kBool:
      if (!value.is_boolean()) break;
      return number(value.get<bool>() ? 1 : 0);
    case Type::kTime: {
      if (!value.is_string()) break;
      const auto time = parse_time(value.get_ref<const std::string&>());
      if (!time) break;
      return number(static_cast<double>(time->us));
    }
    case Type::kCategory:
    case Type::kText:
      if (!value.is_string()) break;
      return Cell{Cell::Kind::kText, 0, value.get_ref<const std::string&>()};
  }
  return std::nullopt;
}

std::unexpected<Error> unknown(const std::string& name, const table::Schema& inputs) {
  std::vector<std::string> names;
  for (const table::Field& field : inputs.fields) names.push_back(field.name);
  const std::string near = io::nearest(name, names);
  return fail(Code::kInvalidInput, "the model has no column \"" + name + "\"",
              near.empty() ? "" : "did you mean \"" + near + "\"?");
}

}  // namespace

Result<void> cells_from_json(const model::Transform& transform, const Json& row,
                             std::vector<Cell>& out) {
  if (!row.is_object()) {
    return fail(Code::kInvalidInput, "a row must be an object {column: value}");
  }
  const table::Schema& inputs = transform.inputs();
  out.clear();
  for (const table::Field& field : inputs.fields) {
    const auto found = row.find(field.name);
    if (found == row.end()) {
      return fail(Code::kInvalidInput, "the column \"" + field.name + "\" is missing",
                  "give null when its value is not known");
    }
    const auto cell = cell_of(*found, field.type);
    if (!cell) {
      return fail(Code::kInvalidInput,
                  "column \"" + field.name + "\" takes " + expectation(field.type) + ", not " +
                      io::canonical(*found).substr(0, 80),
                  "null stands for a missing value");
    }
    out.push_back(*cell);
  }
  if (row.size() == inputs.fields.size()) return {};
  for (const auto& item : row.items()) {
    if (!inputs.find(item.key())) return unknown(item.key(), inputs);
  }
  return {};
}

}  // namespace rondo::deploy
