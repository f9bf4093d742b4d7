// Binary tensors of any bytes: the first two say how many bytes of JSON follow. An answer always
// comes, and no length, shape or datatype leads a read beyond the body (the sanitizers watch).
#include <cstdint>
#include <string>
#include <string_view>

#include "api/strict_json.h"
#include "api/testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rondo::api;
  if (size < 2) return 0;
  static FakeService service{regression_pipeline()}, classes{binary_pipeline()};
  static App app{service, {.rows_max = 100}, {}, 1}, matrix{classes, {.rows_max = 100}, {}, 1};
  const std::string body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string length = std::to_string(data[0] + 256 * data[1]);
  for (App* one : {&app, &matrix}) {
    for (const std::string& said : {length, std::string("0")}) {
      const Response reply = ask(*one, {Method::kPost, "/v2/models/bikes/infer", body,
                                        {{"Inference-Header-Content-Length", said},
                                         {"Content-Type", "application/octet-stream"}}});
      const bool fault = reply.status == 400 || reply.status == 413 || reply.status == 501 ||
                         reply.status == 504;
      CHECK(reply.status == 200 || fault, "what a client sent is its own fault");
      CHECK(!fault || is_json(reply.body), "a refusal is JSON");
    }
  }
  service.logged.with([](auto& all) { all.clear(); });
  classes.logged.with([](auto& all) { all.clear(); });
  return 0;
}
