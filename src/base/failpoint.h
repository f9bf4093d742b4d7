// Named places before and after every durable transition, where a test may make the program fail,
// write short, sleep or die at the n-th hit. They are declared once, in failpoints.def, and are
// absent from release builds. Environment: RONDO_FAILPOINTS="object_rename=crash@2,log_sync=error"
// (off, error, short, crash, sleep:MS; without @n at every hit) and RONDO_FAILPOINT_LOG=FILE, to
// which each process appends the names of the points it hit, once each.
#pragma once

#include <string_view>

#include "base/result.h"

namespace rondo {

enum class Failpoint {
#define FAILPOINT(name, help) name,
#include "base/failpoints.def"
#undef FAILPOINT
};

/// What the code at a failpoint has to do; crash and sleep happen inside hit().
enum class Injected { kNothing, kError, kShortWrite };

#if defined(RONDO_FAILPOINTS)
/// Counts the hit and returns what is armed for it. Threads: any.
Injected hit(Failpoint point);
#else
inline Injected hit(Failpoint) { return Injected::kNothing; }
#endif

/// The name as the environment and the log write it: "object_rename" for kObjectRename.
std::string_view name_of(Failpoint point) noexcept;
/// An error as the kernel would give it (EIO), naming the failpoint.
Error injected_error(Failpoint point);

}  // namespace rondo

/// Returns an error from the enclosing function when the point is armed with `error` (or with
/// `short`, for places that cannot write short).
#define RONDO_FAILPOINT(name)                                                     \
  do {                                                                            \
    if (rondo::hit(rondo::Failpoint::name) != rondo::Injected::kNothing) {        \
      return std::unexpected(rondo::injected_error(rondo::Failpoint::name));      \
    }                                                                             \
  } while (false)
