// The stage from a stored dataset version to a stored object: words, bytes, determinism, failpoint.
#include "prepare/prepare.h"

#include <gtest/gtest.h>

#include "io/scratch.h"
#include "ledger/manifest.h"
#include "prepare/testing.h"
#include "table/engine.h"

namespace rondo::prepare {
namespace {

using table::Type;

/// A project's store with one dataset version.
class Stage : public ::testing::Test {
 protected:
  ledger::StageInput input(const table::Table& rows, Json options, const Situation& situation) {
    const auto engine = table::Engine::open(scratch_.path());
    const io::Path file = scratch_ / "rows.parquet";
    EXPECT_TRUE((*engine)->write_parquet(rows, file).has_value());
    ledger::Manifest manifest;
    manifest.number = 4;
    for (const auto& field : rows.schema().fields) {
      if (field.name != table::kTimeColumn) manifest.contract.schema.fields.push_back(field);
    }
    manifest.segments = {{*objects_.put_file(file), {}, rows.rows(), {}, {}}};
    manifest.rows = rows.rows();
    ledger::StageInput input;
    input.options = {{"prepare", std::move(options)}, {"now", to_json(situation)}};
    input.options["now"]["temp"] = scratch_.path().string();
    input.inputs["manifest"] = *ledger::put_manifest(objects_, manifest);
    input.objects = &objects_;
    input.fs = fs_.get();
    input.out = scratch_ / ("out" + std::to_string(++runs_));
    EXPECT_TRUE(fs_->make_folders(input.out).has_value());
    input.now = *parse_time("2030-01-01");
    input.seed = Seed{5};
    return input;
  }
  std::string bytes(const ledger::StageInput& input, const ledger::StageOutput& output) {
    return *fs_->read(input.out / output.files.at("prepared"));
  }

  std::shared_ptr<io::Fs> fs_ = io::real_fs(io::Durability::kProcess);
  io::Scratch scratch_;
  ledger::Objects objects_{fs_, scratch_ / "objects"};
  int runs_ = 0;
};

table::Table hourly(std::size_t count, double after = 0, std::size_t from = 1'000'000) {
  auto x = noise(count, 1), y = noise(count, 2);
  std::vector<std::string> c;
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= from) x[i] = y[i] = after * static_cast<double>(i);
    c.push_back(i >= from && after != 0 ? "noise" : i % 3 == 0 ? "a" : "b");
  }
  return Grid().times(clock(count)).numbers("x", x).column("c", Type::kCategory, c)
      .numbers("y", y).table();
}

Situation clocked() {
  Situation situation;
  situation.target = "y";
  situation.has_clock = true;
  situation.label_delay = situation.gap = Span::days(1);
  return situation;
}

const Json kLag = {{"lag", {{{"column", "y"}, {"by", "48h"}}}}};

TEST_F(Stage, StoresWhatItSays) {
  const auto in = input(hourly(1000), kLag, clocked());
  const auto out = *run(in);
  EXPECT_EQ(out.result, "prepared");
  EXPECT_EQ(out.reason,
            "777 rows of d4 train, 200 test (the newest 9 days), 23 in the gap of 1d before "
            "them; 5 features, 1 of them a lag");
  EXPECT_EQ(out.evidence["features"],
            Json({"x", "c", "_time_weekday", "_time_hour", "y_lag_48h"}));
  const auto prepared = *model::Prepared::decode(bytes(in, out));
  EXPECT_EQ(prepared.features.rows, 1000U);
  EXPECT_EQ(prepared.target, "y");
  EXPECT_EQ(prepared.train_until, kStart + Span::hours(776));
  EXPECT_EQ(prepared.test_from, kStart + Span::hours(800));
  EXPECT_EQ(prepared.label_until, kStart + Span::hours(999));
  EXPECT_EQ(prepared.source_row[999], 999U);
  EXPECT_EQ(prepared.last_value.size(), 1000U);
  EXPECT_EQ(prepared.last_value[500], prepared.label[476]);  // 24 hours before
  EXPECT_EQ(std::ranges::count(prepared.side, table::Side::kTest), 200);
}

TEST_F(Stage, SameInputsGiveSameBytes) {
  const auto a = input(hourly(500), kLag, clocked()), b = input(hourly(500), kLag, clocked());
  const auto first = *run(a), second = *run(b);
  EXPECT_EQ(bytes(a, first), bytes(b, second));
  EXPECT_EQ(first.evidence, second.evidence);
}

TEST_F(Stage, RowsAfterNowChangeNothing) {
  auto calm = input(hourly(1000), kLag, clocked());
  auto wild = input(hourly(1000, 1e3, 800), kLag, clocked());
  calm.now = wild.now = kStart + Span::hours(799);  // so the labels up to hour 775 are known
  const auto a = *run(calm), b = *run(wild);
  EXPECT_EQ(bytes(calm, a), bytes(wild, b));
  EXPECT_EQ(a.reason, b.reason);
  wild.now = kStart + Span::hours(830);  // hour 800 to 806 are known now: the noise must show
  EXPECT_NE(bytes(calm, a), bytes(wild, *run(wild)));
}

TEST_F(Stage, WithoutAClockThereAreNoTimesAndNoBaselines) {
  const auto in = input(Grid().numbers("x", noise(300, 1)).numbers("y", noise(300, 2)).table(),
                        Json::object(), [] { Situation s; s.target = "y"; return s; }());
  const auto out = *run(in);
  const auto prepared = *model::Prepared::decode(bytes(in, out));
  EXPECT_FALSE(prepared.by_time);
  EXPECT_TRUE(prepared.time.empty());
  EXPECT_TRUE(prepared.last_value.empty());
  EXPECT_EQ(out.evidence["train"].get<int>() + out.evidence["test"].get<int>(), 300);
}

TEST_F(Stage, ABrokenContractStoresNothing) {
  const auto in = input(hourly(30), Json::object(), clocked());
  const auto out = *run(in);
  EXPECT_EQ(out.result, "contract broken");
  EXPECT_EQ(out.reason, "only 30 of the 30 rows of d4 may be learnt from, and a model needs 50");
  EXPECT_TRUE(out.files.empty());
  EXPECT_TRUE(fs_->list(in.out)->empty());
}

TEST_F(Stage, WrongInputsAreErrors) {
  Situation situation = clocked();
  const table::Table timeless = Grid().numbers("y", noise(100, 1)).table();
  EXPECT_EQ(run(input(timeless, Json::object(), situation)).error().code, Code::kInvalidInput);
  EXPECT_EQ(run(input(hourly(100), {{"rare", -1}}, situation)).error().code, Code::kInvalidInput);
  EXPECT_EQ(run(input(hourly(100), {{"lag", {{{"column", "y"}}}}}, situation)).error().code,
            Code::kInvalidInput);
  auto in = input(hourly(100), Json::object(), situation);
  in.inputs.clear();
  EXPECT_EQ(run(in).error().code, Code::kInvalidInput);
  in = input(hourly(100), Json::object(), situation);
  in.stop.request();
  EXPECT_EQ(run(in).error().code, Code::kCancelled);
}

TEST(SituationJson, ComesBackWhole) {
  Situation s = clocked();
  s.task = "binary";
  s.entity = {"who", "where"};
  s.delay = Span::hours(2);
  s.test_share = 0.25;
  s.test_longest = Span::days(3);
  s.test_after = kStart;
  s.changed = kStart + Span{1};
  s.twin = true;
  s.quarantine = {{kStart, kEndOfTime, "y", "zeros"}};
  s.temp = "/tmp/x";
  const Situation back = *situation_from(to_json(s));
  EXPECT_EQ(to_json(back), to_json(s));
  EXPECT_EQ(back.quarantine[0].until, kEndOfTime);
  EXPECT_EQ(back.entity, s.entity);
  EXPECT_EQ(back.test_after, kStart);
  EXPECT_EQ(back.changed, s.changed);
  EXPECT_TRUE(back.twin);
  Json bad = to_json(s);
  bad["gap_us"] = -1;
  EXPECT_FALSE(situation_from(bad).has_value());
  bad.erase("target");
  EXPECT_FALSE(situation_from(bad).has_value());
}

}  // namespace
}  // namespace rondo::prepare
