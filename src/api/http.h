// A request and a reply as plain values. Everything in api/ but the connection works on these, so
// that routes, roles and protocols are tested without a socket and no handler knows the HTTP
// library.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"

namespace rondo::api {

enum class Method : std::uint8_t { kGet, kHead, kPost, kOther };

struct Header {
  std::string_view name, value;
};

class Feed;
struct RpcAnswer;
struct RpcInfer;

/// Views live as long as the connection works on the request.
struct Request {
  static constexpr std::size_t kKeptBody = 16 << 10;  // bytes that one connection may hold on to
  Method method = Method::kGet;
  std::string_view verb = {};  // the method as sent; empty where none was
  std::string_view target;     // as sent
  std::size_t base = 0;     // of its path, what names one of several projects: "/p/NAME"
  std::vector<Header> headers;
  std::string body;
  const RpcInfer* rpc = nullptr;  // of gRPC: an inference, in place of its body
  bool local = true;     // the peer is on this machine (loopback)
  bool crowded = false;  // its I/O thread is behind with its work

  /// Empties it; its memory is used again.
  void clear() {
    method = Method::kGet;
    verb = {};
    target = {};
    base = 0;
    headers.clear();
    if (body.capacity() > kKeptBody) body = std::string();
    body.clear();
    rpc = nullptr;
    local = true;
    crowded = false;
  }
  /// The value of a header, by name in any case; the first one.
  std::optional<std::string_view> header(std::string_view name) const;
  /// Bytes of what it brings: of the body, or of gRPC's tensors.
  std::size_t size() const;
};

/// Whether the records of an answer are on disk. Threads: any.
class Kept {
 public:
  using Then = std::function<void(bool kept)>;
  void settle(bool kept) {
    const Then then = state_.with([&](State& state) {
      state.kept = kept;
      return std::exchange(state.then, nullptr);
    });
    if (then) then(kept);
  }
  /// Calls `then` once: now, or in the thread that settles it.
  void wait(Then then) {
    const std::optional<bool> kept = state_.with([&](State& state) {
      if (!state.kept) state.then = then;
      return state.kept;
    });
    if (kept) then(*kept);
  }

 private:
  struct State {
    std::optional<bool> kept;
    Then then;
  };
  Guarded<State> state_;
};

struct Response {
  int status = 200;
  std::string_view type = "application/json";
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> headers;
  bool close = false;  // the connection ends after it
  std::shared_ptr<Kept> kept{};  // the reply waits for it; null: it does not wait
  std::shared_ptr<Feed> feed{};  // what follows the body, until the connection ends
  std::shared_ptr<RpcAnswer> rpc{};  // to an inference of gRPC, in place of the body
};

/// Why a request is not answered with what it asked for. Becomes a Response in the manner of the
/// route's protocol. An Error of the program converts to it.
struct Refusal {
  int status = 500;
  std::string_view code = "internal";
  std::string message, hint;
  std::vector<std::pair<std::string_view, std::string>> headers{};
  bool close = false;

  Refusal(int with_status, std::string_view with_code, std::string text, std::string advice = {})
      : status(with_status), code(with_code), message(std::move(text)), hint(std::move(advice)) {}
  Refusal(Error error);  // NOLINT: TRY hands errors up through it

  Refusal&& with(std::string_view name, std::string value) &&;
};

using Reply = std::expected<Response, Refusal>;

/// 503: an answer was to wait until it is on disk, and it is not.
Refusal not_kept();

/// The failure value that any expected<T, Refusal> takes.
inline std::unexpected<Refusal> refuse(int status, std::string_view code, std::string message,
                                       std::string hint = {}) {
  return std::unexpected<Refusal>(
      std::in_place, status, code, std::move(message), std::move(hint));
}

/// How a protocol words its errors.
enum class Manner : std::uint8_t {
  kOurs,    // {"error":{"code","message","hint"}}
  kOip,     // {"error":"code: message; hint"}; KServe V1 and TensorFlow Serving too
  kMlflow,  // {"error_code":"BAD_REQUEST","message":"code: message; hint"}
};
Response render(const Refusal& refusal, Manner manner);

/// "Not Found" for 404.
std::string_view reason_of(int status) noexcept;
/// Every status that the program answers with, ascending.
inline constexpr int kStatuses[] = {200, 304, 308, 400, 401, 403, 404, 405, 408, 409, 413, 414,
                                    415, 417, 421, 429, 431, 500, 501, 503, 504, 507};
bool equal_fold(std::string_view a, std::string_view b) noexcept;  // ASCII

}  // namespace rondo::api
