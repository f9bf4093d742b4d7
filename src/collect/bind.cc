// Columns are bound by name and typed under the contract. Whatever a source does, no row is
// dropped here: what is wrong with it is listed, and the caller decides.
#include "collect/bind.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "collect/csv.h"
#include "collect/rules.h"
#include "io/toml.h"

namespace rondo::collect {
namespace {

using table::Contract;
using table::Field;
using table::OnChange;
using table::Type;

// Words of SQL that a table may well have as a column.
constexpr std::array<std::string_view, 24> kReserved = {
    "all",   "any",   "asc",  "at",    "case",  "check",  "column", "default",
    "desc",  "end",   "for",  "from",  "group", "in",     "limit",  "offset",
    "only",  "order", "some", "table", "to",    "unique", "when",   "window"};

/// A source's spelling of a name follows the contract's when only the case differs.
void take_spelling(std::span<Source> sources, const table::Schema& schema) {
  std::map<std::string, std::string> spelling;
  for (const Field& field : schema.fields) spelling[folded(field.name)] = field.name;
  for (Source& source : sources) {
    for (std::string& name : source.grid.names) {
      if (const auto at = spelling.find(folded(name)); at != spelling.end()) name = at->second;
    }
  }
}

std::string place_of(const Source& source, std::size_t row, std::size_t column) {
  const Reject at = source.reject(row);
  return fmt::format("{}:{}:{}", source.file, at.line > 0 ? at.line : at.record, column + 1);
}

class Binder {
 public:
  Binder(std::span<Source> sources, Contract& contract, BindOptions& options)
      : sources_(sources), contract_(contract), options_(options) {
    bound_.first.push_back(0);
    for (const Source& source : sources) {
      bound_.first.push_back(bound_.first.back() + source.rows());
    }
  }

  Result<Bound> run() {
    take_spelling(sources_, contract_.schema);
    for (std::size_t s = 0; s < sources_.size(); ++s) TRY(check_lost(s));
    TRY(add_new_columns());
    std::vector<std::shared_ptr<const table::Column>> columns;
    for (std::size_t i = 0; i < contract_.schema.fields.size(); ++i) {
      columns.push_back(TRY(column(i)));
    }
    bound_.rows = table::Table(contract_.schema, std::move(columns));
    return std::move(bound_);
  }

 private:
  Result<void> check_lost(std::size_t s) {
    const Source& source = sources_[s];
    if (TRY(is_another_table(s))) return {};
    for (const Field& field : contract_.schema.fields) {
      if (source.find(field.name)) continue;
      if (!is_needed(field.name)) {
        bound_.changes.push_back(fmt::format("{} lacks column \"{}\"", source.file, field.name));
        continue;
      }
      const std::string near = io::nearest(field.name, source.names());
      const bool by_rule = !options_.required.contains(field.name);
      return fail(Code::kInvalidInput,
                  fmt::format("{} has no column \"{}\", which is needed", source.file,
                              field.name),
                  !near.empty() ? fmt::format("did you mean \"{}\"?", near)
                  : by_rule     ? "contract.toml says that it is never missing"
                                : "every file must have the target, the key and the time");
    }
    return {};
  }

  bool is_needed(const std::string& name) const {
    const auto rule = contract_.rules.find(name);
    const bool never_missing = rule != contract_.rules.end() && !rule->second.nullable;
    return options_.required.contains(name) || never_missing;
  }

  /// A source that shares no column: whether its rows are kept out for that.
  Result<bool> is_another_table(std::size_t s) {
    const Source& source = sources_[s];
    const auto shared = [&](const Field& field) { return source.find(field.name).has_value(); };
    if (std::ranges::any_of(contract_.schema.fields, shared)) return false;
    const OnChange action = options_.actions.table;
    if (action == OnChange::kEvolve) return false;
    if (action == OnChange::kFreeze) {
      return fail(Code::kInvalidInput,
                  fmt::format("{} shares no column with what was collected before", source.file),
                  "is it another table, or is its header missing?");
    }
    another_.insert(s);
    for (std::size_t row = 0; row < source.rows(); ++row) {
      bound_.bad.push_back({bound_.first[s] + row, 0, Why::kNewTable});
    }
    return true;
  }

  Result<void> add_new_columns() {
    std::set<std::string> handled;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      if (another_.contains(s)) continue;
      for (std::size_t i = 0; i < sources_[s].names().size(); ++i) {
        const std::string& name = sources_[s].names()[i];
        if (contract_.schema.find(name)) continue;
        if (options_.actions.column == OnChange::kDiscardRow) reject_with_value(s, i);
        if (!handled.insert(name).second) continue;
        TRY(handle_new(sources_[s], name));
      }
    }
    return {};
  }

  Result<void> handle_new(const Source& source, const std::string& name) {
    if (options_.actions.column == OnChange::kFreeze) {
      return fail(Code::kInvalidInput,
                  fmt::format("{} has a new column \"{}\", and the contract is frozen", source.file,
                              shown(name)),
                  "set [collect.contract] column = \"evolve\" to take it in");
    }
    if (options_.actions.column != OnChange::kEvolve) return {};
    const Type type = decide(look_at(sources_, name, contract_.dialect.null));
    contract_.schema.fields.push_back({name, type});
    changed(fmt::format("{} has a new column \"{}\" ({})", source.file, name, name_of(type)));
    return {};
  }

  void reject_with_value(std::size_t s, std::size_t column) {
    std::string buffer;
    for (std::size_t row = 0; row < sources_[s].rows(); ++row) {
      const Written cell = sources_[s].cell(row, column, buffer);
      if (cell.kind == CellKind::kNull || is_null(cell.text, contract_.dialect.null)) continue;
      bound_.bad.push_back({bound_.first[s] + row, column, Why::kNewColumn});
    }
  }

  /// A column of the contract over all sources. The type is widened at most twice.
  Result<std::shared_ptr<const table::Column>> column(std::size_t index) {
    Field& field = contract_.schema.fields[index];
    for (;;) {
      std::vector<TypedColumn> parts;
      for (const Source& source : sources_) {
        const auto at = source.find(field.name);
        if (at) {
          parts.push_back(type_column(source, *at, field.type, contract_.dialect));
        } else {
          parts.push_back({table::Column::missing(field.type, source.rows()), {}, {}, {}, false});
        }
        if (parts.back().beyond_double) options_.exact.insert(field.name);
      }
      const Type before = field.type;
      TRY(settle(index, parts));
      if (field.type != before) continue;
      note(index, parts);
      TRY(keep_rule(index, parts));
      return joined(field, parts);
    }
  }

  /// What the contract says to cells that do not fit: perhaps another type.
  Result<void> settle(std::size_t index, std::vector<TypedColumn>& parts) {
    Field& field = contract_.schema.fields[index];
    const OnChange action = options_.actions.type_of(field.name);
    for (std::size_t s = 0; s < parts.size(); ++s) {
      const bool whole = parts[s].fractions.empty();
      if (whole && parts[s].bad.empty()) continue;
      const std::size_t row = parts[s].bad.empty() ? parts[s].fractions[0] : parts[s].bad[0];
      const std::size_t at = *sources_[s].find(field.name);
      std::string buffer;
      const std::string_view text = sources_[s].cell(row, at, buffer).text;
      const std::string sentence = fmt::format("{}: {}", place_of(sources_[s], row, at),
                                               not_of_type(field.name, text, field.type));
      if (action == OnChange::kFreeze) {
        return fail(Code::kInvalidInput, sentence + ", and its type is frozen",
                    "mend the file, or set [collect.contract] type = \"discard_row\"");
      }
      // A number that is not whole loses nothing as a number, unless there are integers that would.
      const bool widens = !whole && !options_.exact.contains(field.name);
      const bool gives_up = action == OnChange::kEvolve && !parts[s].bad.empty();
      if (widens || gives_up) {
        field.type = gives_up ? Type::kCategory : Type::kNumber;
        changed(fmt::format("{}; the column is of type {} now", sentence, name_of(field.type)));
        return {};
      }
      std::ranges::copy(parts[s].fractions, std::back_inserter(parts[s].bad));
      std::ranges::sort(parts[s].bad);
    }
    return {};
  }

  void note(std::size_t index, const std::vector<TypedColumn>& parts) {
    const std::string& name = contract_.schema.fields[index].name;
    const bool drop = options_.actions.type_of(name) == OnChange::kDiscardValue;
    for (std::size_t s = 0; s < parts.size(); ++s) {
      if (drop && !parts[s].bad.empty()) bound_.discarded[name] += parts[s].bad.size();
      for (const std::size_t row : parts[s].bad) {
        if (!drop) bound_.bad.push_back({bound_.first[s] + row, index, Why::kType});
      }
      for (const std::size_t row : parts[s].not_finite) {
        bound_.not_finite.push_back({bound_.first[s] + row, index, Why::kTarget});
      }
    }
  }

  /// What contract.toml says of the column beyond its type.
  Result<void> keep_rule(std::size_t index, std::vector<TypedColumn>& parts) {
    const std::string& name = contract_.schema.fields[index].name;
    const auto rule = contract_.rules.find(name);
    if (rule == contract_.rules.end()) return {};
    const table::Rule before = rule->second;
    for (std::size_t s = 0; s < parts.size(); ++s) {
      if (another_.contains(s)) continue;
      std::vector<Breach> found = breaches(*parts[s].column, rule->second, parts[s].bad);
      if (found.empty()) continue;
      TRY(answer(s, index, rule->second, parts[s], std::move(found)));
    }
    if (rule->second != before) changed(fmt::format("the rule for {} is wider now", shown(name)));
    return {};
  }

  Result<void> answer(std::size_t s, std::size_t index, table::Rule& rule, TypedColumn& part,
                      std::vector<Breach> found) {
    const std::string& name = contract_.schema.fields[index].name;
    const OnChange action = options_.actions.type_of(name);
    if (action == OnChange::kEvolve) {
      for (const Breach& breach : found) widen(rule, *part.column, breach);
      return {};
    }
    if (action == OnChange::kFreeze) {
      const std::size_t row = found[0].row, at = *sources_[s].find(name);
      std::string buffer;
      const std::string_view text = sources_[s].cell(row, at, buffer).text;
      return fail(Code::kInvalidInput,
                  fmt::format("{}: {}", place_of(sources_[s], row, at),
                              sentence_of(name, text, rule, found[0].why)),
                  "mend the file, or edit contract.toml");
    }
    if (action == OnChange::kDiscardValue) {  // but what is missing cannot be made missing
      std::vector<Breach> dropped;
      std::ranges::copy_if(found, std::back_inserter(dropped),
                           [](const Breach& breach) { return breach.why != Why::kMissing; });
      std::erase_if(found, [](const Breach& breach) { return breach.why != Why::kMissing; });
      if (!dropped.empty()) {
        bound_.discarded[name] += dropped.size();
        part.column = without(*part.column, dropped);
      }
    }
    for (const Breach& breach : found) {
      bound_.bad.push_back({bound_.first[s] + breach.row, index, breach.why});
    }
    return {};
  }

  static Result<std::shared_ptr<const table::Column>> joined(const Field& field,
                                                             std::span<const TypedColumn> parts) {
    if (parts.size() == 1) return parts[0].column;
    std::vector<table::Table> tables;
    for (const TypedColumn& part : parts) {
      tables.emplace_back(table::Schema{{field}}, std::vector{part.column});
    }
    return TRY(table::Table::concatenate(tables)).shared(0);
  }

  void changed(std::string sentence) {
    bound_.changes.push_back(std::move(sentence));
    ++contract_.version;
  }

  std::span<Source> sources_;
  Contract& contract_;
  BindOptions& options_;
  Bound bound_;
  std::set<std::size_t> another_;  // sources that are other tables
};

}  // namespace

OnChange Actions::type_of(const std::string& name) const {
  const auto at = columns.find(name);
  return at == columns.end() ? type : at->second;
}

Result<Actions> actions_from(const Json& json) {
  const std::vector<std::string> known = {"table", "column", "type", "columns"};
  Actions actions;
  if (json.is_null()) return actions;
  for (const auto& [key, value] : json.items()) {
    const auto word = [&](const Json& v) -> Result<OnChange> {
      if (v.is_string()) return table::on_change_from(v.get<std::string>());
      return fail(Code::kInvalidInput, fmt::format("[collect.contract] {} must be a text", key));
    };
    if (key == "column") {
      actions.column = TRY(word(value));
    } else if (key == "type") {
      actions.type = TRY(word(value));
    } else if (key == "columns" && value.is_object()) {
      for (const auto& [name, action] : value.items()) actions.columns[name] = TRY(word(action));
    } else if (key == "table") {
      actions.table = TRY(word(value));
    } else {
      const std::string near = io::nearest(key, known);
      return fail(Code::kInvalidInput, fmt::format("[collect.contract] knows no key \"{}\"", key),
                  near.empty() ? "it knows table, column, type and columns"
                               : fmt::format("did you mean \"{}\"?", near));
    }
  }
  return actions;
}

Contract first_contract(std::span<const ColumnLook> looks, const table::Dialect& dialect) {
  Contract contract;
  contract.dialect = dialect;
  for (const ColumnLook& look : looks) {
    contract.schema.fields.push_back({look.name, decide(look)});
  }
  return contract;
}

Result<Bound> bind_sources(std::span<Source> sources, Contract& contract, BindOptions& options) {
  contract.column = options.actions.column;
  contract.type = options.actions.type;
  return Binder(sources, contract, options).run();
}

std::string not_of_type(std::string_view column, std::string_view text, Type type) {
  constexpr std::string_view kWhat[] = {"a number", "a whole number", "a category",
                                        "a text",   "true or false",  "a time"};
  return fmt::format("{} is \"{}\", not {}", shown(column), shown(text),
                     kWhat[static_cast<std::size_t>(type)]);
}

std::string sql_name(const std::string& name) {
  const auto plain = [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  };
  const bool digit = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) != 0;
  const bool reserved = std::ranges::find(kReserved, folded(name)) != kReserved.end();
  if (!name.empty() && !digit && !reserved && std::ranges::all_of(name, plain)) return name;
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

std::set<std::string> mentioned(std::string_view expression, const table::Schema& schema) {
  const std::string text = folded(expression);
  const auto inside = [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  };
  std::set<std::string> names;
  for (const Field& field : schema.fields) {
    const std::string name = folded(field.name);
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      const std::size_t end = at + name.size();
      if (at > 0 && inside(text[at - 1]) && inside(name.front())) continue;
      if (end < text.size() && inside(text[end]) && inside(name.back())) continue;
      names.insert(field.name);
      break;
    }
  }
  return names;
}

}  // namespace rondo::collect
