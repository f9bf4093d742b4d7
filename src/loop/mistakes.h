// Everything that is wrong with a configuration, each with its place in the file, so that a person
// mends all of it at once.
#pragma once

#include <fmt/format.h>

#include "io/toml.h"
#include "loop/config.h"

namespace rondo::loop {

class Mistakes {
 public:
  explicit Mistakes(const Config& config) : config_(config) {}

  void add(const std::string& key, const std::string& sentence, std::string hint = {}) {
    const std::string named = key + ": ";
    lines_.push_back(fmt::format("{}: {}{}", io::place_of(config_.places, config_.file, key),
                                 sentence.starts_with(named) ? "" : named, sentence));
    hints_.push_back(std::move(hint));
  }
  void add(const std::string& key, const Error& error) { add(key, error.message, error.hint); }
  /// A line that names its place itself.
  void add_line(std::string line) {
    lines_.push_back(std::move(line));
    hints_.emplace_back();
  }

  /// Keeps a mistake and says whether there was none.
  template <class T>
  void demand(const std::string& key, const Result<T>& value) {
    if (!value) add(key, value.error());
  }

  Result<void> finish() const {
    if (lines_.empty()) return {};
    const bool one = lines_.size() == 1;
    std::string text;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      text += (i == 0 ? "" : "\n") + lines_[i];
      if (!one && !hints_[i].empty()) text += "; " + hints_[i];
    }
    const std::string hint = "`rondo config` lists every key with its default";
    return fail(Code::kInvalidInput, text, one && !hints_[0].empty() ? hints_[0] : hint);
  }

 private:
  const Config& config_;
  std::vector<std::string> lines_, hints_;
};

}  // namespace rondo::loop
