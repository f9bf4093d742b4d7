// Finding and opening libduckdb: beside the program, or where the build found it. A missing
// function is an error that names it.
#include "table/duckdb_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>

#ifndef RONDO_DUCKDB_LIBRARY
#define RONDO_DUCKDB_LIBRARY ""
#endif

namespace rondo::table {
namespace {

// $ORIGIN is the folder of the program; the dynamic linker fills it in. What was installed with a
// program comes first: the folder of its build may be anybody's by then.
constexpr std::array<const char*, 3> kPlaces = {
    "$ORIGIN/../lib/rondo/libduckdb.so", "$ORIGIN/../lib/libduckdb.so", RONDO_DUCKDB_LIBRARY};

template <class Function>
bool resolve(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  return function != nullptr;
}

Result<DuckdbLibrary> load() {
  std::string sought;
  for (const char* place : kPlaces) {
    if (*place == '\0') continue;
    // Never unloaded: the library keeps threads and static state.
    void* handle = dlopen(place, RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) {
      sought += fmt::format("{}{}", sought.empty() ? "" : ", ", place);
      continue;
    }
    DuckdbLibrary library;
    const char* lacking = nullptr;
#define RONDO_DUCKDB_RESOLVE(name) \
  if (!resolve(handle, "duckdb_" #name, library.name)) lacking = "duckdb_" #name;
    RONDO_DUCKDB_FUNCTIONS(RONDO_DUCKDB_RESOLVE)
#undef RONDO_DUCKDB_RESOLVE
    if (lacking == nullptr) return library;
    return fail(Code::kUnavailable, fmt::format("{} has no function {}", place, lacking),
                "install DuckDB 1.5");
  }
  return fail(Code::kUnavailable, fmt::format("libduckdb was not found (sought: {})", sought),
              "install it beside the program, or build with -DRONDO_DUCKDB=FILE");
}

}  // namespace

Result<const DuckdbLibrary*> duckdb_library() {
  static const Result<DuckdbLibrary> library = load();
  if (!library) return std::unexpected(library.error());
  return &*library;
}

}  // namespace rondo::table
