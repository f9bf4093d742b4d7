// Which versions are loaded: what the inference protocol calls a model repository.
#pragma once

#include "api/app.h"

namespace rondo::api {

/// Champion first, then the former, then what people loaded. Null: none.
std::vector<std::int64_t> loaded_versions(const deploy::Routing* routing);

}  // namespace rondo::api
