// What one preparation knows, and what it has found out so far. Each phase reads the job, adds its
// part to the draft, and answers with a sentence when the data must not train a model. Phases are
// pure: the same job gives the same draft, bit for bit.
#pragma once

#include <map>
#include <optional>

#include "base/words.h"
#include "prepare/expect.h"
#include "prepare/prepare.h"

namespace rondo::prepare {

/// A wished lag, window or join, read from [[prepare.lag]], [[prepare.window]] or [[prepare.join]].
struct LagWish {
  std::string column;
  Span by;
  std::uint32_t rows = 0;
  std::string feature;
  Span over{};
  model::Take take = model::Take::kMean;
  // A join: its other table, by which columns, how old a fact may be, and the codes of texts.
  std::string other{};
  std::vector<std::string> on{};
  Span ttl{};
  std::vector<std::string> categories{};
  std::int32_t rare_code = -1;
  bool is_join() const { return ttl.us > 0; }
  std::string_view table() const {
    return is_join() ? "[[prepare.join]]" : over.us > 0 ? "[[prepare.window]]" : "[[prepare.lag]]";
  }
};

/// A wished feature that is made of columns, read from [[prepare.combine]], [[prepare.encode]] or
/// [[prepare.text]].
struct MadeWish {
  model::Step::Kind kind = model::Step::Kind::kArithmetic;  // kPair, kEncoding, kText
  std::vector<std::string> columns;    // two of arithmetic and pairs, else one
  model::Step::Operation operation = model::Step::Operation::kAdd;
  double weight = 1;                   // arithmetic: of the second column
  /// Its name; of a text what the names of its features begin with.
  std::string feature(std::string_view target) const;
  std::string_view table() const;
  bool operator==(const MadeWish&) const = default;
};

struct Job {
  Options options;
  Situation situation;
  std::vector<LagWish> lags;
  std::vector<MadeWish> made;
  std::optional<Json> found;           // a twin: what was found for the model that was measured
  std::vector<Expectation> expectations;
  Seed seed;
  Time now;
  std::uint64_t dataset = 0;
  bool orders_only = false;            // no part of a time means anything
  table::Table rows;
  table::Table served;                 // of each row, see ledger/served_rows.h; or no columns
  Tables tables;                       // that joins read
  std::vector<Time> times;             // one a row; empty without a clock
};

/// How a raw column becomes features.
enum class Reading { kNumber, kCategory, kTimeParts };

struct Input {
  std::string name;
  std::size_t column = 0;              // in Job::rows
  Reading reading = Reading::kNumber;
};

struct Dropped {
  std::string column, why;
  bool news = true;                    // false: somebody asked for it, or nobody would miss it
};

/// What the leak guard saw.
struct Finding {
  std::string rule;                    // target copy, linear copy, id, duplicates, future, groups,
                                       // split
  std::vector<std::string> columns;
  double value = 0;                    // the number that crossed its threshold
  std::string sentence;
  std::string advice{};                // what to do, where it is not the advice about columns
  Json figures = Json::object();       // what else was measured
  bool stops = true;                   // false: worth knowing, whatever prepare.leaks says
};

/// Rows that do not train, by reason.
struct KeptOut {
  std::size_t unlabelled = 0, not_due = 0, quarantined = 0;
};

struct Draft {
  // target.cc
  std::vector<std::size_t> used;       // dataset rows with a known label, in order: matrix rows
  std::vector<double> label;           // of each used row
  std::vector<double> weight;          // the same; empty: each counts once
  model::Task task = model::Task::kRegression;
  std::vector<std::string> classes;
  KeptOut kept_out;
  // rows.cc
  table::Split split;                  // sides of dataset rows
  std::vector<std::size_t> train, test;  // places in `used`
  // columns.cc
  std::vector<Input> inputs;
  // fit.cc, features.cc
  std::vector<Input> ids;              // dropped as identifiers
  model::Transform transform;
  model::Matrix matrix;
  // made.cc
  Json search;                         // what `features = "auto"` tried, and "found"; or null
  // baselines.cc
  std::vector<double> last_value, season_value;
  Span season;

  Json expectations = Json::array();   // what came of each, in the shape of Great Expectations
  std::vector<std::string> unmet;      // of those that only warn
  std::vector<Dropped> dropped;
  std::vector<Finding> findings;
  std::vector<std::string> notes;      // what a person should know, one sentence each
};

/// Why the contract is broken; nothing when all is well.
using Broken = std::optional<std::string>;

Broken meet_expectations(const Job& job, Draft& draft);
Broken find_target(const Job& job, Draft& draft);
Broken choose_rows(const Job& job, Draft& draft);
Broken choose_inputs(const Job& job, Draft& draft);
Broken fit_features(const Job& job, Draft& draft);
/// Cost: a matrix of features, and for 10^6 rows of 20 columns 0.3 s beside it; 3 s where the quick
/// model is asked about a split by chance (bench/run leaks).
Broken find_leaks(const Job& job, Draft& draft);
Broken make_features(const Job& job, Draft& draft);
Broken drop_useless(const Job& job, Draft& draft);
Broken measure_baselines(const Job& job, Draft& draft);

/// All of them, in order.
using Phase = Broken (*)(const Job& job, Draft& draft);
std::span<const Phase> phases() noexcept;

/// The label of a row: its number, or the index of its class; NaN when it is missing or no class.
class LabelReader {
 public:
  LabelReader(const table::Column& column, const std::vector<std::string>& classes);
  double operator()(std::size_t row) const;

 private:
  const table::Column& column_;
  const std::vector<std::string>& classes_;
  std::vector<double> by_code_;        // of text columns
};

/// One text a dataset row, by which hashes put rows aside: its entity, or else its feature cells.
std::vector<std::string> keys_of(const Job& job);
/// Whose row it is, as text; empty without entity columns.
std::string entity_of(const Job& job, std::size_t row);
/// By column: what its windows are added up in.
using Scales = std::map<std::string, model::Scale>;
/// Of the columns that windows read, by the training rows.
Scales scales_of(const Job& job, const Draft& draft, const std::vector<LagWish>& wishes);
/// Lags and windows as a HistorySpec: each column that they read is one series.
model::HistorySpec history_of(const std::vector<LagWish>& wishes,
                              const std::vector<std::string>& entity, const Scales& scales);
/// Errors: kInvalidInput naming the lag.
Result<std::vector<LagWish>> lags_from(const Json& list);
/// One wish for each thing that a window takes. Errors: kInvalidInput naming the window.
Result<std::vector<LagWish>> windows_from(const Json& list);
/// One wish for each column that a join takes. Errors: kInvalidInput naming the join.
Result<std::vector<LagWish>> joins_from(const Json& list);
/// Whether a join can be made of what the rows and the other tables have.
Broken check_join(const Job& job, const LagWish& join);
/// The wishes, those of texts with codes: by falling frequency among the training rows, ties by
/// bytes, as those of categories.
std::vector<LagWish> coded(const Job& job, const Draft& draft);
/// Codes by falling frequency, ties by bytes; what is rare shares the code behind the dictionary.
void fit_dictionary(const std::map<std::string, std::size_t>& counts, std::int64_t rare,
                    std::vector<std::string>& categories, std::int32_t& rare_code);
/// What a history that such a transform reads knows.
model::HistoryState history_for(const Job& job, const Draft& draft,
                                const model::HistorySpec& spec);
/// Errors: kInvalidInput naming the table by its number, and what is wrong with it.
Result<std::vector<MadeWish>> combines_from(const Json& list);
Result<std::vector<MadeWish>> encodes_from(const Json& list);
Result<std::vector<MadeWish>> texts_from(const Json& list);

/// A value as one would say it: a text without quotes.
std::string plain(const Json& value);
/// "a, b and c"; at most twelve names.
std::string listed(const std::vector<std::string>& names);

}  // namespace rondo::prepare
