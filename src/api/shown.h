// How a view is answered: what the ledger knows changes, so nobody keeps it.
#pragma once

#include "api/app.h"

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

}  // namespace rondo::api
