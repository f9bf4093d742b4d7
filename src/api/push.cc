// POST /api/v1/rows: rows for the source "push" of a project. Answered after they are durable.
#include <fmt/format.h>

#include "api/handlers.h"
#include "base/words.h"

namespace rondo::api {
namespace {

constexpr std::size_t kLongestKey = 200;

std::expected<std::string, Refusal> read_key(const Request& request) {
  const auto key = request.header("Idempotency-Key");
  if (!key) return std::string();
  if (!key->empty() && key->size() <= kLongestKey) return std::string(*key);
  return bad_shape(fmt::format("Idempotency-Key must have 1 to {} characters", kLongestKey),
                   "make up a random one for each request");
}

}  // namespace

Reply post_rows(Call& call) {
  loop::PushWish wish;
  wish.key = TRY(read_key(call.request));
  wish.body = call.request.body;
  const auto type = call.request.header("Content-Type");
  const bool csv = type && equal_fold(type->substr(0, 8), "text/csv");
  wish.form = csv ? collect::PushForm::kCsv : collect::PushForm::kJson;
  wish.rows_most = call.app.limits().rows_max;
  const loop::PushResult result = TRY(call.app.service().push(std::move(wish)));
  if (result.too_many) {
    return std::unexpected(Refusal(413, "too_large",
                                   fmt::format("a request may have {} rows",
                                               grouped(call.app.limits().rows_max)),
                                   "send them in parts"));
  }
  call.scratch.numbers.with([&](Numbers& numbers) {
    numbers.pushed.accepted += result.repeated ? 0 : result.accepted;
    numbers.pushed.duplicate += result.duplicate + (result.repeated ? result.accepted : 0);
    numbers.pushed.rejected += result.rejected;
  });
  Response response;
  response.body = result.reply + "\n";
  return response;
}

}  // namespace rondo::api
