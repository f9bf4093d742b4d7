// The page that a browser gets at "/": what is served, where the lifecycle stands, the last steps.
// Made on the server from the same views as the API; no script, nothing loaded from elsewhere.
#pragma once

#include "api/http.h"
#include "api/house.h"
#include "loop/service.h"

namespace rondo::api {

/// Where the lifecycle stands, which version answers, and what is wrong.
Result<Json> full_status(App& app);
Reply project_page(App& app);
Reply house_page(const House& house);
/// The HTML. Pure; every text from outside is escaped.
std::string page_html(const std::string& model, const Json& status, const Json& history);
/// The same where a pipeline file answers.
std::string file_page_html(const std::string& model, std::int64_t version,
                           const std::vector<std::string>& alerts);

}  // namespace rondo::api
