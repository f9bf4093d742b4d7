// The two C interfaces between a database's driver and us, as their specifications lay them out:
// Arrow's C data and stream interfaces (arrow.apache.org/docs/format/CDataInterface.html) and
// revision 1.0.0 of ADBC (arrow.apache.org/adbc), whose drivers fill a table of functions. What we
// never call stands as a plain pointer, so that the rest keeps its place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rondo::table {

inline constexpr int kAdbcVersion = 1'000'000;  // revision 1.0.0
inline constexpr std::uint8_t kAdbcOk = 0;

extern "C" {

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);
  void* private_data;
};
struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};
struct ArrowArrayStream {
  int (*get_schema)(ArrowArrayStream*, ArrowSchema* out);
  int (*get_next)(ArrowArrayStream*, ArrowArray* out);
  const char* (*get_last_error)(ArrowArrayStream*);
  void (*release)(ArrowArrayStream*);
  void* private_data;
};

struct AdbcError {
  char* message;
  std::int32_t vendor_code;
  char sqlstate[5];
  void (*release)(AdbcError*);
};
struct AdbcHandle {  // of a database, a connection, a statement
  void* private_data;
  void* private_driver;
};

using Unused = void (*)();
using Plain = std::uint8_t (*)(AdbcHandle*, AdbcError*);
using SetOption = std::uint8_t (*)(AdbcHandle*, const char* key, const char* value, AdbcError*);

struct AdbcDriver {
  void* private_data;
  void* private_manager;
  std::uint8_t (*release)(AdbcDriver*, AdbcError*);

  Plain database_init;
  Plain database_new;
  SetOption database_set_option;
  Plain database_release;

  Unused connection_commit;
  Unused connection_get_info;
  Unused connection_get_objects;
  Unused connection_get_table_schema;
  Unused connection_get_table_types;
  std::uint8_t (*connection_init)(AdbcHandle* connection, AdbcHandle* database, AdbcError*);
  Plain connection_new;
  SetOption connection_set_option;
  Unused connection_read_partition;
  Plain connection_release;
  Unused connection_rollback;

  std::uint8_t (*statement_bind)(AdbcHandle*, ArrowArray*, ArrowSchema*, AdbcError*);
  Unused statement_bind_stream;
  std::uint8_t (*statement_execute_query)(AdbcHandle*, ArrowArrayStream*, std::int64_t* rows,
                                          AdbcError*);
  Unused statement_execute_partitions;
  Unused statement_get_parameter_schema;
  std::uint8_t (*statement_new)(AdbcHandle* connection, AdbcHandle* statement, AdbcError*);
  Plain statement_prepare;
  Plain statement_release;
  SetOption statement_set_option;
  std::uint8_t (*statement_set_sql_query)(AdbcHandle*, const char* sql, AdbcError*);
  Unused statement_set_substrait_plan;
};

}  // extern "C"

}  // namespace rondo::table
