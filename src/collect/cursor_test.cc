// Digests of rows: what is equal for people is equal in them, whatever type a column had meanwhile.
#include "collect/cursor.h"

#include "collect/testing.h"

namespace rondo::collect {
namespace {

using table::Column;
using table::ColumnBuilder;
using table::Table;
using table::Type;

template <class Value>
std::shared_ptr<const Column> cell(Type type, Value value) {
  ColumnBuilder builder(type);
  if constexpr (std::is_convertible_v<Value, std::string_view>) {
    builder.text(value);
  } else if constexpr (std::is_floating_point_v<Value>) {
    builder.number(value);
  } else {
    builder.integer(value);
  }
  return builder.finish();
}

/// The digest of a row with these cells.
std::string digest(std::vector<std::shared_ptr<const Column>> cells) {
  table::Schema schema;
  for (const auto& column : cells) {
    schema.fields.push_back({"c" + std::to_string(schema.fields.size()), column->type});
  }
  return row_digest(Table(std::move(schema), std::move(cells)), 0);
}

TEST(RowDigest, IsTheSameForWhatIsTheSame) {
  const std::string one = digest({cell(Type::kInteger, 1)});
  EXPECT_EQ(digest({cell(Type::kNumber, 1.0)}), one) << "a column was widened";
  EXPECT_EQ(digest({cell(Type::kInteger, 1), Column::missing(Type::kCategory, 1)}), one)
      << "a column was added";
  EXPECT_EQ(digest({cell(Type::kNumber, -0.0)}), digest({cell(Type::kNumber, 0.0)}));
  EXPECT_EQ(digest({cell(Type::kText, "a")}), digest({cell(Type::kCategory, "a")}));
}

TEST(RowDigest, DiffersForWhatDiffers) {
  const std::set<std::string> digests = {
      digest({cell(Type::kInteger, 1)}),
      digest({cell(Type::kBool, 1)}),
      digest({cell(Type::kTime, 1)}),
      digest({cell(Type::kCategory, "1")}),
      digest({Column::missing(Type::kInteger, 1), cell(Type::kInteger, 1)}),
      digest({cell(Type::kCategory, "")}),
      digest({Column::missing(Type::kCategory, 1)}),
      digest({cell(Type::kCategory, "ab"), cell(Type::kCategory, "c")}),
      digest({cell(Type::kCategory, "a"), cell(Type::kCategory, "bc")}),
      digest({cell(Type::kInteger, 9007199254740992)}),
      digest({cell(Type::kInteger, 9007199254740993)})};
  EXPECT_EQ(digests.size(), 11u);
}

TEST_F(CollectTest, ABoundaryRowIsKnownAgainThoughItsColumnsChanged) {
  options_.time = "t";
  put("data/a.csv", "t,x,y\n2020-01-01,1,1\n2020-01-01,2,1\n");
  must(run());
  put("data/b.csv", "t,x,y,z\n2020-01-01,2,1,\n2020-01-02,2.5,1,new\n");
  must(run());
  EXPECT_EQ(type_of("x"), "number");
  EXPECT_EQ(manifest().counts.duplicate, 1u);
  EXPECT_EQ(column("x"), "1 2 2.5");
}

TEST(Cursor, SurvivesJson) {
  Cursor cursor;
  cursor.files["a b.csv"] = {12, "digest", "edge", 34, 5, 6, true};
  cursor.clock = {ClockState::Kind::kSteps, 48, 3, 7, 0.25};
  cursor.newest = Time{-5};
  cursor.boundary = {"one", "two"};
  cursor.boundary_whole = false;
  cursor.exact = {"id"};
  const Cursor read = must(Cursor::from_json(cursor.to_json()));
  EXPECT_EQ(read.to_json(), cursor.to_json());
  EXPECT_EQ(read.files, cursor.files);
  EXPECT_EQ(must(Cursor::from_json(Json::object())).files.size(), 0u);
  Json damaged = cursor.to_json();
  damaged["files"]["a b.csv"].erase("digest");
  EXPECT_FALSE(Cursor::from_json(damaged));
}

}  // namespace
}  // namespace rondo::collect
