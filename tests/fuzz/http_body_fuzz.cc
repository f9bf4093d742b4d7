// Any bytes as the body of a request that scores or teaches: an answer always comes, it is JSON
// itself, and `invalid_json` is said of just those bodies that are none.
#include <cstdint>
#include <string>
#include <string_view>

#include "api/strict_json.h"
#include "api/testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rondo::api;
  static FakeService service{regression_pipeline()};
  static App app{service, {.rows_max = 100}, {}, 1};
  const std::string body(reinterpret_cast<const char*>(data), size);
  for (const char* target : {"/v2/models/bikes/infer", "/api/v1/predict", "/api/v1/feedback",
                             "/invocations", "/v1/models/bikes:predict"}) {
    const Response reply = ask(app, {Method::kPost, target, body, {admin()}});
    CHECK(reply.status == 200 || reply.status == 400 || reply.status == 413,
          "what a client sent is its own fault, and never a failure of the server");
    CHECK(is_json(reply.body), "an answer is JSON");
    const bool refused = reply.body.find("invalid_json") != std::string::npos;
    if (size > 0) CHECK(refused == !is_json(body), "invalid_json is said of what is no JSON");
  }
  const Header type{"Content-Type", "text/csv"};
  const Response csv = ask(app, {Method::kPost, "/invocations", body, {type}});
  CHECK(csv.status == 200 || csv.status == 400 || csv.status == 413, "so too for CSV");
  CHECK(is_json(csv.body), "an answer is JSON");
  service.logged.with([](auto& all) { all.clear(); });
  return 0;
}
