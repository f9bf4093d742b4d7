// Reading settings: each mistake becomes one line that names file, line, column and key, says what
// is wrong and what to write instead.
#include "io/options.h"

#include <fmt/format.h>

#include <cmath>

namespace rondo::io {
namespace {

std::string kind_of(const Json& value) {
  if (value.is_string()) return fmt::format("the text \"{}\"", value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return fmt::format("the number {}", value.dump());
  if (value.is_array()) return "a list";
  if (value.is_object()) return "a table";
  return "nothing";
}

bool among(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t bar = list.find('|');
    if (list.substr(0, bar) == word) return true;
    if (bar == std::string_view::npos) return false;
    list.remove_prefix(bar + 1);
  }
  return false;
}

}  // namespace

OptionsReader::OptionsReader(std::string section, const Json& object, const Toml* places,
                             std::string file)
    : section_(std::move(section)), object_(object), places_(places), file_(std::move(file)) {
  if (!object_.is_object() && !object_.is_null()) {
    mistakes_.push_back(fmt::format("{}: [{}] must be a table", file_, section_));
  }
}

void OptionsReader::mistake(std::string_view key, const std::string& sentence) {
  const std::string path = section_.empty() ? std::string(key) : section_ + "." + std::string(key);
  const std::string at = places_ != nullptr ? place_of(places_->where, file_, path) : file_;
  mistakes_.push_back(fmt::format("{}: {}: {}", at, path, sentence));
}

const Json* OptionsReader::find(const Key& key) {
  known_.insert(std::string(key.name));
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(key.name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void OptionsReader::check_bounds(const Key& key, double value) {
  if (std::isfinite(value) && value >= key.low && value <= key.high) return;
  mistake(key.name, fmt::format("{} is outside {} to {}", value, key.low, key.high));
}

void OptionsReader::operator()(const Key& key, std::string& field) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_string()) {
    return mistake(key.name, fmt::format("must be a text in quotes, not {}", kind_of(*value)));
  }
  field = value->get<std::string>();
  if (!key.one_of.empty() && !among(key.one_of, field)) {
    mistake(key.name, fmt::format("\"{}\" is not one of {}", field, key.one_of));
  }
}

void OptionsReader::operator()(const Key& key, bool& field) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_boolean()) {
    return mistake(key.name, fmt::format("must be true or false, not {}", kind_of(*value)));
  }
  field = value->get<bool>();
}

void OptionsReader::operator()(const Key& key, std::int64_t& field) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_number_integer()) {
    return mistake(key.name, fmt::format("must be a whole number, not {}", kind_of(*value)));
  }
  field = value->get<std::int64_t>();
  check_bounds(key, static_cast<double>(field));
}

void OptionsReader::operator()(const Key& key, double& field) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_number()) {
    return mistake(key.name, fmt::format("must be a number, not {}", kind_of(*value)));
  }
  field = value->get<double>();
  check_bounds(key, field);
}

void OptionsReader::operator()(const Key& key, Span& field) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_string()) {
    return mistake(key.name, fmt::format("must be a time such as \"1d\" or \"90s\", not {}",
                                         kind_of(*value)));
  }
  auto span = parse_span(value->get<std::string>());
  if (!span) return mistake(key.name, span.error().message);
  field = *span;
  check_bounds(key, field.in_seconds());
}

void OptionsReader::operator()(const Key& key, std::vector<std::string>& field) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (value->is_string()) {
    field = {value->get<std::string>()};
    return;
  }
  bool good = value->is_array();
  if (good) {
    for (const Json& item : *value) good = good && item.is_string();
  }
  if (!good) {
    return mistake(key.name, fmt::format("must be a list of texts, not {}", kind_of(*value)));
  }
  field = value->get<std::vector<std::string>>();
}

void OptionsReader::operator()(const Key& key, std::vector<double>& field) {
  const Json* value = find(key);
  if (value == nullptr) return;
  bool good = value->is_array();
  if (good) {
    for (const Json& item : *value) good = good && item.is_number();
  }
  if (!good) {
    return mistake(key.name, fmt::format("must be a list of numbers, not {}", kind_of(*value)));
  }
  field = value->get<std::vector<double>>();
  for (const double number : field) check_bounds(key, number);
}

void OptionsReader::operator()(const Key& key, Json& field) {
  if (const Json* value = find(key); value != nullptr) field = *value;
}

Result<void> OptionsReader::finish() {
  if (object_.is_object()) {
    const std::vector<std::string> names(known_.begin(), known_.end());
    for (const auto& item : object_.items()) {
      if (known_.contains(item.key())) continue;
      const std::string near = nearest(item.key(), names);
      mistake(item.key(), near.empty()
                              ? fmt::format("unknown key; [{}] knows {}", section_,
                                            fmt::join(names, ", "))
                              : fmt::format("unknown key; did you mean \"{}\"?", near));
    }
  }
  if (mistakes_.empty()) return {};
  return fail(Code::kInvalidInput, fmt::format("{}", fmt::join(mistakes_, "\n")));
}

}  // namespace rondo::io
