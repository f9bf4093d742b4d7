// Drift from memory: two tables of a million rows and 20 columns, measured by each convention on
// two threads. With a folder they are also written there as a.parquet and b.parquet, for the whole
// way from a file. Prints one JSON object: seconds, and the memory of the tables and beside them.
#include <malloc.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "base/seed.h"
#include "io/scratch.h"
#include "loop/drift_view.h"
#include "table/engine.h"

namespace {

using namespace rondo;
using table::Type;

constexpr std::size_t kRows = 1'000'000, kThreads = 2;
constexpr std::size_t kNumbers = 12, kIntegers = 4, kCategories = 4;

double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

/// A line of /proc/self/status, in bytes.
std::size_t of_this_process(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size())) * 1024;
  }
  return 0;
}

/// From now on the peak is counted anew, and what is free is not in memory.
std::size_t begin_peak() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
  return of_this_process("VmRSS:");
}

std::size_t bytes_of(const table::Table& rows) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    const table::Column& column = rows.column(i);
    bytes += column.size() / 8 + column.numbers.size() * sizeof(double) +
             column.integers.size() * sizeof(std::int64_t) +
             column.codes.size() * sizeof(std::int32_t);
    for (const std::string& text : column.dictionary) bytes += sizeof text + text.size();
  }
  return bytes;
}

/// Every third number moved by `shift` of its deviation, and the first category too.
table::Table made(std::uint64_t seed, double shift) {
  Chance chance(Seed{seed});
  table::Schema schema;
  std::vector<std::shared_ptr<const table::Column>> columns;
  const auto add = [&](const std::string& name, Type type, const auto& cell) {
    table::ColumnBuilder column(type);
    for (std::size_t row = 0; row < kRows; ++row) cell(column);
    schema.fields.push_back({name, type});
    columns.push_back(column.finish());
  };
  for (std::size_t k = 0; k < kNumbers; ++k) {
    add("x" + std::to_string(k), Type::kNumber, [&](table::ColumnBuilder& column) {
      if (k % 4 == 1 && chance.below(20) == 0) column.null();
      else column.number(chance.normal() + (k % 3 == 0 ? shift : 0));
    });
  }
  for (std::size_t k = 0; k < kIntegers; ++k) {
    add("n" + std::to_string(k), Type::kInteger, [&](table::ColumnBuilder& column) {
      column.integer(static_cast<std::int64_t>(chance.below(100 << 4 * k)));
    });
  }
  for (std::size_t k = 0; k < kCategories; ++k) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < 5ULL << 2 * k; ++i) names.push_back("value " + std::to_string(i));
    add("c" + std::to_string(k), Type::kCategory, [&](table::ColumnBuilder& column) {
      const bool first = k == 0 && chance.below(100) < static_cast<std::uint64_t>(shift * 100);
      column.text(first ? names[0] : names[chance.below(names.size())]);
    });
  }
  return table::Table(std::move(schema), std::move(columns));
}

bool write(const table::Table& rows, const io::Path& file) {
  const io::Scratch scratch;
  const auto engine = table::Engine::open(scratch.path());
  const auto done = (*engine)->write_parquet(rows, file);
  if (!done) std::fprintf(stderr, "%s\n", done.error().text().c_str());
  return done.has_value();
}

}  // namespace

int main(int count, char** words) {
  collect::Pair pair;
  pair.reference = made(1, 0);
  pair.current = made(2, 0.4);
  if (count > 1) {
    const io::Path folder = words[1];
    if (!write(pair.reference, folder / "a.parquet")) return 2;
    if (!write(pair.current, folder / "b.parquet")) return 2;
  }
  Json out = {{"data_bytes", bytes_of(pair.reference) + bytes_of(pair.current)}};
  for (const char* name : {"own", "evidently", "nannyml", "tfdv"}) {
    const monitor::DriftWish wish{*monitor::convention_from(name), {}};
    const std::size_t held = begin_peak();
    const double began = seconds();
    const Json drift = loop::drift_of(pair, wish, kThreads);
    const double took = seconds() - began;
    out[name] = {{"seconds", took}, {"moved", drift.at("moved")},
                 {"extra_bytes", of_this_process("VmHWM:") - held}};
  }
  std::printf("%s\n", out.dump().c_str());
  return 0;
}
