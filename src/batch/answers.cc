// See answers.h.
#include "batch/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "ledger/prediction_log.h"

namespace rondo::batch {
namespace {

using Deployed = std::shared_ptr<const deploy::Deployed>;
constexpr std::size_t kLinesBytes = 1 << 18;
constexpr std::int64_t kTellUs = 250'000;

std::string number_text(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

/// One line, column by column.
class Line {
 public:
  Line(Form form, const table::Schema& schema, std::string& out)
      : form_(form), schema_(schema), out_(out) {}
  void text(std::string_view value) {
    begin();
    if (form_ == Form::kCsv) append_csv(out_, value);
    else append_json(out_, value);
  }
  void number(double value) { plain(number_text(value)); }
  void whole(std::int64_t value) { plain(fmt::format("{}", value)); }
  void nothing() { plain(""); }
  /// A label, as it was told.
  void told(const Json& value) {
    if (value.is_string()) return text(value.get<std::string>());
    plain(value.is_null() ? "" : io::canonical(value));
  }
  void end() { out_ += form_ == Form::kCsv ? "\n" : "}\n"; }

 private:
  void begin() {
    if (form_ == Form::kCsv) {
      if (column_ > 0) out_ += ',';
    } else {
      out_ += column_ == 0 ? '{' : ',';
      append_json(out_, schema_.fields[column_].name);
      out_ += ':';
    }
    ++column_;
  }
  void plain(std::string_view value) {
    begin();
    out_ += form_ == Form::kJson && value.empty() ? "null" : value;
  }

  const Form form_;
  const table::Schema& schema_;
  std::string& out_;
  std::size_t column_ = 0;
};

/// Where the shape's columns, and its classes or levels, stand in what a version wrote; -1:
/// nowhere.
struct Places {
  std::vector<std::ptrdiff_t> inputs, several;
};

class Table {
 public:
  Table(ledger::Store& store, const AnswersWish& wish, const deploy::Deployed& shape,
        const VersionOf& version_of, Output& output,
        const std::function<void(const Progress&)>& tell)
      : store_(store),
        wish_(wish),
        shape_(shape),
        version_of_(version_of),
        output_(output),
        tell_(tell),
        schema_(answers_schema(shape)) {}

  Result<std::uint64_t> write(const Stop& stop);

 private:
  std::span<const table::Field> inputs() const {
    return shape_.pipeline->transform().inputs().fields;
  }
  const std::vector<std::string>& names() const { return shape_.pipeline->answer_names(); }
  const Places& places_of(std::int64_t version);
  Result<void> add(const ledger::Prediction& row);
  void add_inputs(const ledger::Prediction& row, const Places& places, Line& line) const;
  Result<void> hand_on(std::size_t at_least);

  ledger::Store& store_;
  const AnswersWish& wish_;
  const deploy::Deployed& shape_;
  const VersionOf& version_of_;
  Output& output_;
  const std::function<void(const Progress&)>& tell_;
  const std::int64_t began_us_ = monotonic_us();
  std::int64_t told_us_ = began_us_;
  const table::Schema schema_;
  std::map<std::int64_t, Places> places_;
  std::string lines_;
  std::uint64_t rows_ = 0;
};

/// Of a version that cannot be loaded: nothing is anywhere.
const Places& Table::places_of(std::int64_t version) {
  const auto [at, fresh] = places_.try_emplace(version);
  Places& places = at->second;
  if (!fresh) return places;
  places.inputs.assign(inputs().size(), -1);
  places.several.assign(names().size(), -1);
  const auto by = version_of_(version);
  if (!by) return places;
  const model::Pipeline& pipeline = *(*by)->pipeline;
  const auto& fields = pipeline.transform().inputs().fields;
  for (std::size_t i = 0; i < inputs().size(); ++i) {
    const auto found = std::ranges::find(fields, inputs()[i].name, &table::Field::name);
    if (found != fields.end()) places.inputs[i] = found - fields.begin();
  }
  const auto& named = pipeline.answer_names();
  for (std::size_t i = 0; i < names().size(); ++i) {
    const auto found = std::ranges::find(named, names()[i]);
    if (found != named.end()) places.several[i] = found - named.begin();
  }
  return places;
}

void Table::add_inputs(const ledger::Prediction& row, const Places& places, Line& line) const {
  const auto cells = model::decode_cells(row.cells);
  for (const std::ptrdiff_t place : places.inputs) {
    const auto at = static_cast<std::size_t>(place);
    if (!cells || place < 0 || at >= cells->size()) {
      line.nothing();
      continue;
    }
    const model::Cell& cell = (*cells)[at];
    if (cell.kind == model::Cell::Kind::kText) line.text(cell.text);
    else if (cell.kind == model::Cell::Kind::kNumber) line.number(cell.number);
    else line.nothing();
  }
}

Result<void> Table::add(const ledger::Prediction& row) {
  const Places& places = places_of(row.version);
  Line line(wish_.form, schema_, lines_);
  line.text(row.id);
  line.text(to_text(row.time));
  line.text(to_text(row.answered));
  line.whole(row.version);
  line.text(ledger::kArmNames[static_cast<std::size_t>(row.arm)]);
  const auto answer = [&](double value, const std::string& label) {
    if (label.empty()) line.number(value);
    else line.text(label);
  };
  answer(row.value, row.answer);
  for (const std::ptrdiff_t place : places.several) {
    const auto at = static_cast<std::size_t>(place);
    if (place < 0 || at >= row.probabilities.size()) line.nothing();
    else line.number(row.probabilities[at]);
  }
  if (row.shadow) {
    line.whole(row.shadow->version);
    answer(row.shadow->value, row.shadow->answer);
  } else {
    line.nothing();
    line.nothing();
  }
  const auto label = TRY(store_.ledger->label_of(row.id));
  line.told(label ? label->value : Json());
  if (label) line.text(to_text(label->received));
  else line.nothing();
  add_inputs(row, places, line);
  line.end();
  ++rows_;
  return hand_on(kLinesBytes);
}

Result<void> Table::hand_on(std::size_t at_least) {
  if (lines_.size() < at_least) return {};
  TRY(output_.append(lines_));
  lines_.clear();
  const std::int64_t now = monotonic_us();
  if (now - told_us_ < kTellUs) return {};
  told_us_ = now;
  tell_({.rows = rows_, .took = Span{now - began_us_}});
  return {};
}

Result<std::uint64_t> Table::write(const Stop& stop) {
  if (wish_.form == Form::kCsv) {
    for (std::size_t i = 0; i < schema_.fields.size(); ++i) {
      if (i > 0) lines_ += ',';
      append_csv(lines_, schema_.fields[i].name);
    }
    lines_ += '\n';
  }
  Result<void> good;
  TRY(ledger::read_predictions(*store_.fs, store_.log(), {}, [&](ledger::Prediction&& row) {
    if (!good || row.answered < wish_.from || row.answered >= wish_.to) return;
    if (wish_.version && row.version != *wish_.version) return;
    good = stop.requested() ? fail(Code::kCancelled, "stopped") : add(row);
  }));
  TRY(std::move(good));
  TRY(hand_on(0));
  TRY(output_.finish());
  return rows_;
}

}  // namespace

table::Schema answers_schema(const deploy::Deployed& shape) {
  using table::Type;
  const model::Pipeline& pipeline = *shape.pipeline;
  const Type answer = pipeline.parts().classes.empty() ? Type::kNumber : Type::kText;
  table::Schema schema;
  schema.fields = {{"id", Type::kText},
                   {"time", Type::kTime},
                   {"answered", Type::kTime},
                   {"model_version", Type::kInteger},
                   {"arm", Type::kText},
                   {"prediction", answer}};
  for (const std::string& name : pipeline.answer_names()) {
    schema.fields.push_back({fmt::format("{}_{}", pipeline.answer_kind(), name), Type::kNumber});
  }
  schema.fields.push_back({"shadow_version", Type::kInteger});
  schema.fields.push_back({"shadow_prediction", answer});
  schema.fields.push_back({"label", answer});
  schema.fields.push_back({"label_received", Type::kTime});
  for (const table::Field& field : pipeline.transform().inputs().fields) {
    const bool text = table::is_text(field.type) || field.type == Type::kTime;
    schema.fields.push_back({"input_" + field.name, text ? Type::kText : Type::kNumber});
  }
  return schema;
}

Result<std::uint64_t> write_answers(ledger::Store& store, const AnswersWish& wish,
                                    const deploy::Deployed& shape, const VersionOf& version_of,
                                    Output& output, const Stop& stop,
                                    const std::function<void(const Progress&)>& tell) {
  return Table(store, wish, shape, version_of, output, tell).write(stop);
}

}  // namespace rondo::batch
