// GET /openapi.json: the table of routes in the words of OpenAPI 3.1, so that programs and people
// can read it. Shapes come from openapi_schemas.cc; the columns of a row from the champion.
#pragma once

#include <string_view>

#include "io/json.h"
#include "model/pipeline.h"
#include "table/table.h"

namespace rondo::api {

/// {name: schema}, all but "Row".
std::string_view openapi_schemas() noexcept;
/// The whole document. Shape: `inputs` are the columns of a row, null while no model serves.
/// `store`: routes that need one are there too.
Json openapi(std::string_view version, const table::Schema* inputs, bool store = true);

/// A row that the model was measured with, by the names of its columns: the first golden one.
Json example_row(const model::Pipeline& pipeline);

}  // namespace rondo::api
