// csv-spectrum: small files for the corners of the format, each with what it means as JSON. Every
// CSV file must give exactly the cells of its JSON file.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "collect/csv.h"
#include "collect/testing.h"

namespace rondo::collect {
namespace {

const std::filesystem::path kSpectrum =
    std::filesystem::path(RONDO_SOURCE_DIR) / "tests/data/csv-spectrum";

Json cells_of(const Grid& grid) {
  Json rows = Json::array();
  for (std::size_t row = 0; row < grid.rows(); ++row) {
    Json object = Json::object();
    for (std::size_t i = 0; i < grid.names.size(); ++i) {
      object[grid.names[i]] = std::string(grid.text(grid.cell(row, i)));
    }
    rows.push_back(std::move(object));
  }
  return rows;
}

TEST(Spectrum, EveryFileEqualsItsJson) {
  const auto fs = io::real_fs();
  std::size_t files = 0;
  for (const std::string& name : must(fs->list(kSpectrum / "csvs"))) {
    auto grid = must(split_csv(must(fs->read(kSpectrum / "csvs" / name)), {}, {}, {}, name));
    EXPECT_TRUE(grid.rejects.empty()) << name;
    const std::string stem = std::filesystem::path(name).stem().string();
    std::string text = must(fs->read(kSpectrum / "json" / (stem + ".json")));
    if (name == "newlines_crlf.csv") {  // its carriage returns were lost (README.md beside it)
      const std::size_t at = text.find("\\r\\n");
      ASSERT_NE(at, std::string::npos);
      text.erase(at, 2);
    }
    EXPECT_EQ(cells_of(grid), must(io::parse_json(text))) << name;
    ++files;
  }
  EXPECT_EQ(files, 11u);
}

}  // namespace
}  // namespace rondo::collect
