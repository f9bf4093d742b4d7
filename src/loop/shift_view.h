// How far each column was from what the training had, window by window, as it was seen then; and
// one column in one stretch of time beside its reference. Threads: any.
#pragma once

#include "ledger/store.h"

namespace rondo::loop {

struct ShiftWish {
  std::string clock = "1d";                        // of the windows
  Time from = kBeginningOfTime, until = kEndOfTime;
};

/// {"clock","clocks":[of which there are windows],"columns":[names],"steps":250,"windows":[{"from",
/// "until","rows","version","beyond"}]}: "beyond" has a byte a column, base64url: the share of rows
/// where no window of the training had them, in 1/250; 254: not judged, 255: still learning what
/// windows look like. Columns of older versions that newer ones lack come last.
/// Errors: kIo, kCorrupt. Cost: reads one kind of the journal.
Result<Json> shifts_view(ledger::Store& store, const ShiftWish& wish);

/// {"column","version","rows","bins":[{"text","reference","low","high","live"}]}: shares of the
/// champion's reference, the least and the greatest of its windows of a day (null without them),
/// and of what came in that stretch. Errors: kNotFound: no model serves, or it has no such input;
/// kIo, kCorrupt. Cost: reads the log of predictions up to the end of the stretch.
Result<Json> shift_column_view(ledger::Store& store, const std::string& column, Time from,
                               Time until);

}  // namespace rondo::loop
