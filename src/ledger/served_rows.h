// A dataset version with what is known of its rows' being served: when their labels came, and what
// the history answered then. Only who builds a history or trains on one asks for it.
#pragma once

#include "ledger/dataset.h"

namespace rondo::ledger {

/// The rows of read_dataset(), and for each of them what is known of its being served: the columns
/// of model/served_past.h, missing in rows of a source; none where no row was served.
struct RowsAndServed {
  table::Table rows, served;
};
/// Errors: as read_dataset. Cost: reads served segments twice.
Result<RowsAndServed> read_with_served(const Manifest& manifest, const Objects& objects,
                                       const io::Path& temp);

}  // namespace rondo::ledger
