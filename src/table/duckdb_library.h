// The functions of libduckdb that we use, found with dlopen at first use: linking the library would
// cost each start 14 ms. duckdb.h gives the signatures, so a wrong call does not compile.
#pragma once

#include <duckdb.h>

#include <string>

#include "base/result.h"

namespace rondo::table {

#define RONDO_DUCKDB_FUNCTIONS(each)                                                             \
  each(create_config) each(set_config) each(destroy_config) each(open_ext) each(close)           \
  each(connect) each(disconnect) each(free) each(query) each(destroy_result) each(result_error)  \
  each(fetch_chunk) each(destroy_data_chunk) each(data_chunk_get_size)                           \
  each(data_chunk_get_vector) each(vector_get_data) each(vector_get_validity)                    \
  each(column_count) each(column_name) each(column_type) each(create_logical_type)               \
  each(destroy_logical_type) each(create_data_chunk) each(data_chunk_reset)                      \
  each(data_chunk_set_size) each(vector_assign_string_element_len)                               \
  each(vector_ensure_validity_writable) each(vector_size) each(appender_create)                  \
  each(appender_error) each(append_data_chunk) each(appender_close) each(appender_destroy)       \
  each(extract_statements) each(extract_statements_error) each(destroy_extracted)                \
  each(prepare_extracted_statement) each(prepare_error) each(destroy_prepare)                    \
  each(prepared_statement_type) each(execute_prepared) each(execute_prepared_streaming)          \
  each(bind_int64) each(bind_double) each(bind_timestamp) each(bind_varchar_length)

struct DuckdbLibrary {
#define RONDO_DUCKDB_MEMBER(name) decltype(&::duckdb_##name) name = nullptr;
  RONDO_DUCKDB_FUNCTIONS(RONDO_DUCKDB_MEMBER)
#undef RONDO_DUCKDB_MEMBER
};

/// The library, loaded once a process. Errors: kUnavailable naming the places where it was sought.
/// Threads: any.
Result<const DuckdbLibrary*> duckdb_library();

/// Gives the memory back that the library's code and our heap hold since it was used, if it was;
/// what is called again is read again from its file. Threads: any. Cost: a millisecond.
void rest_duckdb();

}  // namespace rondo::table
