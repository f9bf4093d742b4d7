// How a view is answered: what the ledger knows changes, so nobody keeps it; and what a query asks.
#pragma once

#include "api/app.h"
#include "io/scratch.h"

namespace rondo::api {

inline Response shown(const Json& value) {
  Response response;
  response.body = io::canonical(value) + "\n";
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

/// A whole number of the query, or `otherwise`. Errors: 400.
std::expected<std::int64_t, Refusal> number_of(const Call& call, std::string_view name,
                                               std::int64_t otherwise, std::int64_t most);
/// Whether the query has it as "true"; not there: false. Errors: 400.
std::expected<bool, Refusal> flag_of(const Call& call, std::string_view name);

/// Shows what `look` makes with a folder for its files, unless another such reading is at work.
template <class Look>
Reply one_at_a_time(Call& call, Look&& look) {
  const Held reading(call.app.readings);
  if (reading.before() >= call.app.limits().readings_max) {
    return std::unexpected(Refusal(503, "unavailable", "others read the rows of the project",
                                   "try again in a second")
                               .with("Retry-After", "1"));
  }
  const io::Scratch folder;
  return shown(TRY(look(folder.path())));
}

}  // namespace rondo::api
