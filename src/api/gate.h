// The way of every request: host, path, origin, token, role, type, size, load, quota, and only then
// its handler. What is refused is refused before the body is read. Each answer is counted once.
#pragma once

#include "api/routes.h"

namespace rondo::api {

/// What the head of a request announces of its body.
struct Announced {
  std::optional<std::uint64_t> length;  // Content-Length
  bool chunked = false;
  bool any() const { return chunked || length.value_or(0) > 0; }
};

/// A request whose head was judged.
struct Admission {
  Admission(App& app, std::int64_t now_us);
  const Route* route = nullptr;  // null: the path or the method is unknown
  Manner manner = Manner::kOurs;
  Params params;
  std::string_view path, query;
  Principal who;
  std::uint64_t body_max = 0;
  bool gzip = false;           // the body is compressed; its plain form is held to body_max too
  std::optional<Shed> shed;        // why it is sent away, if for load
  std::optional<Refusal> refusal;  // set: the handler is not called
  std::int64_t started_us;
  std::int64_t posted_us = 0;  // when it was given to the pool; 0: it was not
  Held in_flight;
};

/// `now_us`: when the head came, on the monotonic clock.
Admission admit(App& app, const Request& head, const Announced& body, std::int64_t now_us);
/// Whether the handler may run on an I/O thread, where the size decides with a body of at most so
/// many bytes.
bool is_quick(const Admission& admission, const Request& request, std::size_t inline_most);
/// Decompresses, calls the handler, or renders the refusal; exceptions of libraries stop here. A
/// HEAD gets the whole body: the connection leaves it out.
Response answer(App& app, Scratch& scratch, const Admission& admission, Request& request);
/// The answer to a request for which the pool has no room.
Response queue_is_full(App& app, Scratch& scratch, Admission& admission);
/// Finishes a response whose `kept` was settled: itself, or 503 when its record is not on disk.
Response settled(App& app, Scratch& scratch, const Admission& admission, Response&& response,
                 bool kept);
/// For requests that are refused while they are read (a broken head, a body over the limit).
Response refused(App& app, Scratch& scratch, const Admission& admission, const Refusal& refusal);
/// For requests that have no head.
Response refused(App& app, Scratch& scratch, const Refusal& refusal);

}  // namespace rondo::api
