// What a dataset tells a history where some of its rows were served before.
#pragma once

#include "ledger/served_rows.h"
#include "prepare/prepare.h"

namespace rondo::prepare {

/// As observations() of the rows alone; but a label that was served is known since it came, and has
/// the sequence number that it has in a server. It feeds training and serving alike.
std::vector<model::Observation> observations(const ledger::RowsAndServed& rows,
                                             const model::HistorySpec& spec,
                                             const std::string& target,
                                             const std::vector<std::string>& classes,
                                             const Situation& situation);

}  // namespace rondo::prepare
