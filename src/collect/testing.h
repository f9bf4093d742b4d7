// For tests of this folder: a project in a scratch folder, files in it, and the stage run over them
// as the conductor would, each run beginning where the last one ended.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "collect/collect.h"
#include "io/scratch.h"
#include "ledger/dataset.h"

namespace rondo::collect {

/// The value; the test ends with the error's text when there is none.
template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << name_of(result.error().code) << ": " << result.error().text();
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// The text of the error; empty when there is none.
template <class T>
std::string text_of(const Result<T>& result) {
  return result ? std::string() : result.error().text();
}

/// The error's message or code; empty, or kCorrupt, when there is none.
template <class T>
std::string message_of(const Result<T>& result) {
  return result ? std::string() : result.error().message;
}
template <class T>
Code code_of(const Result<T>& result) {
  return result ? Code::kCorrupt : result.error().code;
}

class CollectTest : public testing::Test {
 protected:
  CollectTest() {
    situation_.project_folder = scratch_.path().string();
    situation_.target = "y";
    situation_.label_delay = Span::seconds(0);
    situation_.temp = scratch_.path().string();
    options_.source = {"data/*"};
    std::filesystem::create_directories(scratch_ / "data");
  }

  /// Replaces a file of the project.
  void put(const std::string& name, std::string_view bytes) {
    std::filesystem::remove(scratch_ / name);
    append(name, bytes);
  }
  void append(const std::string& name, std::string_view bytes) {
    must(must(fs_->open_append(scratch_ / name))->append(io::as_bytes(bytes)));
  }

  /// One run of the stage. What it wrote is taken in, and its manifest is the next run's parent.
  Result<ledger::StageOutput> run() {
    const io::Path out = scratch_ / ("out" + std::to_string(++runs_));
    must(fs_->make_folders(out));
    ledger::StageInput input;
    input.options = {{"collect", io::write_options(options_)}, {"now", to_json(situation_)}};
    input.objects = &objects_;
    input.fs = fs_.get();
    input.out = out;
    if (manifest_) input.inputs["manifest"] = *manifest_;
    if (served_) input.inputs["served"] = *served_;
    auto output = collect::run(input);
    if (!output) return output;
    for (const auto& [name, file] : output->files) {
      const io::Digest digest = must(objects_.put_file(out / file));
      if (name == "manifest") manifest_ = digest;
    }
    return output;
  }

  ledger::Manifest manifest() const { return must(ledger::get_manifest(objects_, *manifest_)); }
  table::Table rows() const {
    return must(ledger::read_dataset(manifest(), objects_, scratch_.path()));
  }
  /// The rejects of the last run, as they were stored.
  std::vector<Json> rejects() const {
    std::vector<Json> list;
    const auto digest = manifest().rejects;
    if (!digest) return list;
    const std::string lines = must(objects_.get(*digest));
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = lines.find('\n', at);
      list.push_back(must(io::parse_json(std::string_view(lines).substr(at, end - at))));
      at = end + 1;
    }
    return list;
  }
  /// A column of the whole dataset as CSV would show it, joined by blanks.
  std::string column(const std::string& name) const {
    const table::Table all = rows();
    const auto index = all.schema().find(name);
    if (!index) return "no such column";
    std::string text;
    for (std::size_t row = 0; row < all.rows(); ++row) {
      text += (row > 0 ? " " : "") + all.cell_text(row, *index);
    }
    return text;
  }
  /// The type that the contract gives to a column.
  std::string type_of(const std::string& name) const {
    const table::Schema schema = manifest().contract.schema;
    const auto index = schema.find(name);
    return index ? std::string(table::name_of(schema.fields[*index].type)) : "no such column";
  }

  io::Scratch scratch_;
  std::shared_ptr<io::Fs> fs_ = io::real_fs(io::Durability::kProcess);
  ledger::Objects objects_{fs_, scratch_ / "objects"};
  Options options_;
  Situation situation_;
  std::optional<io::Digest> manifest_, served_;
  int runs_ = 0;
};

}  // namespace rondo::collect
