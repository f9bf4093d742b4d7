// The forms in which other protocols send a table: columns and rows apart (dataframe_split), rows
// as objects or as arrays (dataframe_records, instances), columns as arrays (inputs), CSV. Each
// ends in the same cells as our own rows.
#pragma once

#include "api/infer_request.h"
#include "api/rows.h"
#include "api/scoring.h"

namespace rondo::api {

/// Where each column of a table that names its columns goes.
class ColumnMap {
 public:
  /// Errors: duplicate_key, unknown_column, missing_column.
  static std::expected<ColumnMap, Refusal> of(std::span<const std::string_view> names,
                                              const table::Schema& inputs,
                                              const Outsiders& outsiders);
  static constexpr std::size_t kTime = static_cast<std::size_t>(-1);  // the rows' own time
  /// Places in the model's columns, one a column of the table.
  const std::vector<std::size_t>& places() const { return places_; }

 private:
  std::vector<std::size_t> places_;
};

/// {"columns":[..],"index"?:[..],"data":[[..],..]}
std::expected<void, Refusal> add_split(Batch& batch, const Element& split,
                                       std::optional<Time> time);
/// An array of rows: objects by name, arrays (or, with one column, values) by position.
std::expected<void, Refusal> add_instances(Batch& batch, const Element& instances,
                                           std::optional<Time> time);
/// {column: [value, ...]}, or rows as in add_instances.
std::expected<void, Refusal> add_columnar(Batch& batch, const Element& inputs,
                                          std::optional<Time> time);
/// RFC 4180 with a header; texts become values as `rondo predict` reads them. `null`: the texts
/// that mean missing.
std::expected<void, Refusal> add_csv(Batch& batch, std::string_view text,
                                     std::span<const std::string> null, std::optional<Time> time);

/// One value, or one list of values, a row.
void write_values(std::string& out, const Batch& batch, Output output);

/// What such a request may say beside its rows: {"output"?,"time"?}; others are ignored.
struct FrameOptions {
  Output output = Output::kPrediction;
  std::optional<Time> time;
  deploy::Wanted wanted() const {
    if (output == Output::kContributions) return deploy::Wanted::kContributions;
    return output == Output::kRawScore ? deploy::Wanted::kRawToo : deploy::Wanted::kAnswer;
  }
};
std::expected<FrameOptions, Refusal> read_frame_options(const std::optional<Element>& element,
                                                        std::string_view what, model::Task task);

}  // namespace rondo::api
