// Older rows under a newer contract: a column that did not exist yet is missing in them, a type
// that was widened since is widened in them too. Nothing else may differ.
#pragma once

#include "table/table.h"

namespace rondo::table {

/// The column as another type: integer and bool to number, anything to category or text, text that
/// is a time to time. Errors: kInvalidInput naming the first cell that has no such form.
Result<std::shared_ptr<const Column>> convert(std::shared_ptr<const Column> column, Type to);

/// The table with exactly the columns of `schema`, in its order. Columns that the table lacks are
/// missing, columns that the schema lacks are dropped. Errors: kInvalidInput naming the column.
Result<Table> conform(const Table& table, const Schema& schema);

}  // namespace rondo::table
