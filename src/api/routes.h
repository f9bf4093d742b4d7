// Every route of the program in one table: method, path, role, manners, handler, shapes, a line of
// docs. What is not in it does not exist; a row without a role or a shape does not compile.
// docs/API.md and /openapi.json show the same rows.
#pragma once

#include "api/app.h"

namespace rondo::api {

using Handler = Reply (*)(Call&);

enum class Body : std::uint8_t {
  kNone,      // what is sent is not read by the handler
  kJson,      // Content-Type: application/json is demanded (a form of another site cannot send it)
  kJsonBare,  // the type may be absent, as some clients of the inference protocol leave it out
  kJsonForm,  // so too, or as `curl -d` calls what it sends: what TensorFlow Serving's users type
  kTable,     // JSON or text/csv
  kRows,      // JSON, JSON lines (application/x-ndjson, application/jsonl), or text/csv
  kTensors,   // as kJsonBare, or application/octet-stream: binary tensors
};
enum class Size : std::uint8_t { kSmall /* 64 KiB */, kLarge /* body_max */ };
enum class Where : std::uint8_t {
  kInline,  // on the I/O thread: takes microseconds
  kPool,    // touches disk, or waits
  kBySize,  // inline when the body is small (api/inline_limit.h)
};
enum class Load : std::uint8_t { kShed, kNeverShed };
enum class Needs : std::uint8_t {
  kNothing,  // answered for several projects together, where no name says for which
  kModel,    // of one project
  kStore,  // 501 where a pipeline file answers without a project
};

enum class Whose : std::uint8_t {
  kRole,      // of who has the route's role
  kAnybody,   // also of who has none: the console's files and the way to sign in
};

struct Manners {
  Manner manner;
  Body body;
  Size size;
  Where where;
  Load load;
  Needs needs = Needs::kModel;
  Whose whose = Whose::kRole;
};

/// Names of shapes in openapi_schemas.cc.
struct Shapes {
  std::string_view takes;  // empty: no body
  std::string_view gives;  // "Text": plain text
};

struct Route {
  Method method;  // kGet answers HEAD too
  std::string_view path;
  Role role;
  Manners manners;
  Handler handler;
  Shapes shapes;
  std::string_view help;
  constexpr Route(Method m, std::string_view p, Role r, const Manners& how, Handler h,
                  const Shapes& s, std::string_view line)
      : method(m), path(p), role(r), manners(how), handler(h), shapes(s), help(line) {}
};

std::span<const Route> routes() noexcept;
/// Paths by index, and "other" at the end: for numbers.
std::span<const std::string_view> route_names() noexcept;
std::string_view name_of(Method method) noexcept;

inline constexpr std::size_t kSmallBody = 64 << 10;

}  // namespace rondo::api
