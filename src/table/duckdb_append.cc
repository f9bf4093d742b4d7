// A table of ours into DuckDB, chunk by chunk.
#include <algorithm>
#include <cstring>

#include "table/duckdb_session.h"

namespace rondo::table {
namespace {

duckdb_type type_id(Type type) {
  switch (type) {
    case Type::kNumber: return DUCKDB_TYPE_DOUBLE;
    case Type::kInteger: return DUCKDB_TYPE_BIGINT;
    case Type::kBool: return DUCKDB_TYPE_BOOLEAN;
    case Type::kTime: return DUCKDB_TYPE_TIMESTAMP;
    default: return DUCKDB_TYPE_VARCHAR;
  }
}

/// Rows [from, from + count) of one column.
struct Slice {
  const Column& column;
  std::size_t from, count;
};

void put_values(const DuckdbLibrary& duckdb, duckdb_vector vector, const Slice& slice) {
  const Column& column = slice.column;
  void* data = duckdb.vector_get_data(vector);
  switch (column.type) {
    case Type::kNumber:
      std::memcpy(data, column.numbers.data() + slice.from, slice.count * sizeof(double));
      return;
    case Type::kInteger:
    case Type::kTime:
      std::memcpy(data, column.integers.data() + slice.from, slice.count * sizeof(std::int64_t));
      return;
    case Type::kBool:
      for (std::size_t i = 0; i < slice.count; ++i) {
        static_cast<bool*>(data)[i] = column.integers[slice.from + i] != 0;
      }
      return;
    default:
      for (std::size_t i = 0; i < slice.count; ++i) {
        if (column.is_null(slice.from + i)) continue;
        const std::string_view text = column.text(slice.from + i);
        duckdb.vector_assign_string_element_len(vector, i, text.data(), text.size());
      }
  }
}

void put_validity(const DuckdbLibrary& duckdb, duckdb_vector vector, const Slice& slice) {
  duckdb.vector_ensure_validity_writable(vector);
  std::uint64_t* bits = duckdb.vector_get_validity(vector);
  std::fill_n(bits, (slice.count + 63) / 64, ~std::uint64_t{0});
  for (std::size_t i = 0; i < slice.count; ++i) {
    if (slice.column.is_null(slice.from + i)) bits[i >> 6] &= ~(std::uint64_t{1} << (i & 63));
  }
}

}  // namespace

Result<void> DuckdbSession::append(duckdb_appender appender, const Table& table) {
  std::vector<duckdb_logical_type> types;
  for (const Field& field : table.schema().fields) {
    types.push_back(duckdb_.create_logical_type(type_id(field.type)));
  }
  duckdb_data_chunk chunk = duckdb_.create_data_chunk(types.data(), types.size());
  for (duckdb_logical_type& type : types) duckdb_.destroy_logical_type(&type);
  const std::size_t step = duckdb_.vector_size();
  bool good = true;
  for (std::size_t from = 0; good && from < table.rows(); from += step) {
    const std::size_t count = std::min(step, table.rows() - from);
    duckdb_.data_chunk_reset(chunk);
    for (std::size_t i = 0; i < table.columns(); ++i) {
      duckdb_vector vector = duckdb_.data_chunk_get_vector(chunk, i);
      const Slice slice{table.column(i), from, count};
      put_validity(duckdb_, vector, slice);
      put_values(duckdb_, vector, slice);
    }
    duckdb_.data_chunk_set_size(chunk, count);
    good = duckdb_.append_data_chunk(appender, chunk) == DuckDBSuccess;
  }
  duckdb_.destroy_data_chunk(&chunk);
  if (!good) return fail(Code::kIo, duckdb_.appender_error(appender));
  return {};
}

}  // namespace rondo::table
