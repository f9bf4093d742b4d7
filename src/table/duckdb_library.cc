// Finding and opening libduckdb: beside the program, or where the build found it. A missing
// function is an error that names it.
#include "table/duckdb_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>

#include <array>
#include <string_view>

#ifndef RONDO_DUCKDB_LIBRARY
#define RONDO_DUCKDB_LIBRARY ""
#endif

namespace rondo::table {
namespace {

// $ORIGIN is the folder of the program; the dynamic linker fills it in. What was installed with a
// program comes first: the folder of its build may be anybody's by then.
constexpr std::array<const char*, 3> kPlaces = {
    "$ORIGIN/../lib/rondo/libduckdb.so", "$ORIGIN/../lib/libduckdb.so", RONDO_DUCKDB_LIBRARY};

/// Of the library, if it is loaded: all that is mapped from its file and never written. Writable
/// parts keep what the linker has put there.
int give_back(dl_phdr_info* object, std::size_t, void*) {
  if (!std::string_view(object->dlpi_name).contains("libduckdb")) return 0;
  constexpr ElfW(Addr) kPage = 4096;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
    const ElfW(Addr) from = (object->dlpi_addr + part.p_vaddr + kPage - 1) / kPage * kPage;
    const ElfW(Addr) to = (object->dlpi_addr + part.p_vaddr + part.p_filesz) / kPage * kPage;
    if (to > from) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
  }
  return 1;
}

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

void rest_duckdb() {
  dl_iterate_phdr(give_back, nullptr);
  malloc_trim(0);
}

}  // namespace rondo::table
