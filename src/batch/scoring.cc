// Blocks of rows through transform, kernels and link; and the text of their answers.
#include "batch/scoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>

#include "base/check.h"

namespace rondo::batch {
namespace {

constexpr std::size_t kBlock = 2'048;

void append_number(std::string& out, double number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

}  // namespace

void append_csv(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\n\r") == text.npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

void append_json(std::string& out, std::string_view text) {
  out += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string header(Form form, std::span<const std::string> keys,
                   const model::Pipeline& pipeline, std::span<const std::string> beside) {
  std::string line;
  if (form == Form::kJson) return line;
  for (const std::string& key : keys) {
    append_csv(line, key);
    line += ',';
  }
  line += "prediction";
  for (const std::string& name : pipeline.answer_names()) {
    line += ',';
    append_csv(line, fmt::format("{}_{}", pipeline.answer_kind(), name));
  }
  for (const std::string& name : beside) {
    line += ',';
    append_csv(line, name);
  }
  return line + ",model_version\n";
}

std::vector<std::string> reason_names(const model::Pipeline& pipeline) {
  std::vector<std::string> names;
  for (std::size_t output = 0; output < pipeline.outputs(); ++output) {
    const std::string of =
        pipeline.outputs() == 1 ? "" : pipeline.answer_names()[output] + "_";
    for (const std::string& column : pipeline.explained()) {
      names.push_back("contribution_" + of + column);
    }
    names.push_back(of.empty() ? "base_score" : "base_score_" + pipeline.answer_names()[output]);
  }
  return names;
}

std::vector<std::string> names_beside(const model::Pipeline& pipeline, Beside beside) {
  std::vector<std::string> names;
  if (beside.interval) names = {"interval_low", "interval_high"};
  if (!beside.reasons) return names;
  std::ranges::copy(reason_names(pipeline), std::back_inserter(names));
  return names;
}

Scorer::Scorer(std::shared_ptr<const deploy::Deployed> by, Form form, Beside beside,
               std::string& out)
    : by_(std::move(by)), parts_(by_->pipeline->parts()), form_(form), interval_(beside.interval),
      out_(out) {
  CHECK(!interval_ || parts_.answering.interval, "an interval is asked of a model that has one");
  const std::string version = std::to_string(by_->version);
  end_ = form == Form::kCsv ? "," + version + "\n" : ",\"model_version\":" + version + "}\n";
  for (const std::string& name : by_->pipeline->answer_names()) {
    std::string& label = labels_.emplace_back();
    if (form == Form::kCsv) append_csv(label, name);
    else append_json(label, name);
  }
  lags_.resize(parts_.transform.history().lags.size());
  features_.resize(kBlock * parts_.transform.features());
  scores_.resize(kBlock * by_->pipeline->outputs());
  if (!beside.reasons) return;
  for (const std::string& name : by_->pipeline->explained()) {
    append_json(explained_.emplace_back(), name);
  }
}

void Scorer::add(std::span<const model::Cell> cells, Time time, std::string_view key) {
  const std::size_t width = parts_.transform.features();
  if (by_->history) {
    const std::string_view entity = parts_.transform.entity(cells);
    by_->history->with([&](const model::HistoryState& history) {
      history.read(entity, time, time, lags_);
    });
  } else {
    std::ranges::fill(lags_, std::numeric_limits<double>::quiet_NaN());
  }
  parts_.transform.row_with_lags(
      cells, time, lags_, std::span(features_).subspan(key_ends_.size() * width, width));
  if (!explained_.empty()) {
    const std::size_t wide = by_->pipeline->outputs() * (explained_.size() + 1);
    reasons_.resize((key_ends_.size() + 1) * wide);
    const auto done = by_->pipeline->explain(cells, time, lags_, std::span(reasons_).last(wide));
    CHECK(done.has_value(), "reasons are asked of a model that can explain");
  }
  keys_ += key;
  key_ends_.push_back(keys_.size());
  if (key_ends_.size() == kBlock) flush();
}

void Scorer::flush() {
  const std::size_t rows = key_ends_.size(), outputs = by_->pipeline->outputs();
  const std::span<double> scores = std::span(scores_).first(rows * outputs);
  by_->pipeline->forest().raw_batch(
      std::span(features_).first(rows * parts_.transform.features()), rows, scores);
  by_->pipeline->answer(scores);
  std::size_t from = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    if (form_ == Form::kJson) out_ += '{';
    out_.append(keys_, from, key_ends_[row] - from);
    from = key_ends_[row];
    append_answer(scores.subspan(row * outputs, outputs));
    if (interval_) append_interval(scores.subspan(row * outputs, outputs));
    if (!explained_.empty()) {
      const std::size_t wide = outputs * (explained_.size() + 1);
      append_reasons(std::span(reasons_).subspan(row * wide, wide));
    }
    out_ += end_;
  }
  keys_.clear();
  key_ends_.clear();
}

void Scorer::append_answer(std::span<const double> scores) {
  const bool json = form_ == Form::kJson;
  if (json) out_ += "\"prediction\":";
  if (parts_.task == model::Task::kRegression) return append_number(out_, scores[0]);
  if (parts_.task == model::Task::kQuantile) {
    append_number(out_, scores[model::middle_of(parts_.levels)]);
    return append_several(json ? ",\"quantiles\":{" : "", scores);
  }
  if (parts_.task == model::Task::kBinary) {
    probabilities_ = {1 - scores[0], scores[0]};
  } else {
    probabilities_.assign(scores.begin(), scores.end());
  }
  out_ += labels_[parts_.answering.class_of(probabilities_)];
  append_several(json ? ",\"probabilities\":{" : "", probabilities_);
}

/// One a class, or one a level.
void Scorer::append_several(std::string_view name, std::span<const double> values) {
  const bool json = form_ == Form::kJson;
  out_ += name;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!json || i > 0) out_ += ',';
    if (json) out_.append(labels_[i]).append(":");
    append_number(out_, values[i]);
  }
  if (json) out_ += '}';
}

void Scorer::append_interval(std::span<const double> answer) {
  const stats::Bounds ends = parts_.answering.interval->around(answer);
  out_ += form_ == Form::kCsv ? "," : ",\"interval_low\":";
  append_number(out_, ends.low);
  out_ += form_ == Form::kCsv ? "," : ",\"interval_high\":";
  append_number(out_, ends.high);
}

/// JSON: "contributions":{column: number} and "base_score", of several classes {class: ...} each.
void Scorer::append_reasons(std::span<const double> reasons) {
  if (form_ == Form::kCsv) {
    for (const double reason : reasons) {
      out_ += ',';
      append_number(out_, reason);
    }
    return;
  }
  const std::size_t columns = explained_.size(), outputs = reasons.size() / (columns + 1);
  std::string bases;
  out_ += ",\"contributions\":";
  for (std::size_t output = 0; output < outputs; ++output) {
    if (outputs > 1) {
      const std::string before = (output == 0 ? "{" : ",") + labels_[output] + ":";
      out_ += before;
      bases += before;
    }
    const auto own = reasons.subspan(output * (columns + 1), columns + 1);
    for (std::size_t i = 0; i < columns; ++i) {
      out_.append(i == 0 ? "{" : ",").append(explained_[i]).append(":");
      append_number(out_, own[i]);
    }
    out_ += '}';
    append_number(bases, own[columns]);
  }
  const std::string_view end = outputs > 1 ? "}" : "";
  out_.append(end).append(",\"base_score\":").append(bases).append(end);
}

}  // namespace rondo::batch
