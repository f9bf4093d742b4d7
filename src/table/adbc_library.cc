// Finding a driver: beside the program, or where the build fetched it.
#include "table/adbc_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>

#ifndef RONDO_ADBC_FOLDER
#define RONDO_ADBC_FOLDER ""
#endif

namespace rondo::table {
namespace {

constexpr std::array<std::string_view, 3> kFolders = {"$ORIGIN/../lib/rondo", "$ORIGIN/../lib",
                                                      RONDO_ADBC_FOLDER};
using Init = std::uint8_t (*)(int version, void* driver, AdbcError*);

Result<AdbcDriver*> load(const std::string& file) {
  std::string sought;
  for (const std::string_view folder : kFolders) {
    if (folder.empty()) continue;
    const std::string place = fmt::format("{}/{}", folder, file);
    // Never unloaded: a driver keeps static state. What it needs inside stays inside.
    void* handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      sought += fmt::format("{}{}", sought.empty() ? "" : ", ", place);
      continue;
    }
    const auto init = reinterpret_cast<Init>(dlsym(handle, "AdbcDriverInit"));
    static_assert(sizeof(AdbcDriver) == 29 * sizeof(void*));
    auto* driver = new AdbcDriver{};  // as long as the library
    AdbcError error{};
    if (init != nullptr && init(kAdbcVersion, driver, &error) == kAdbcOk) return driver;
    delete driver;
    return fail(Code::kUnavailable, fmt::format("{} is no ADBC driver", place),
                "install the driver of ADBC that came with this program");
  }
  return fail(Code::kUnavailable, fmt::format("{} was not found (sought: {})", file, sought),
              "install it beside the program, in lib/rondo; `make deps` fetches it for a build");
}

}  // namespace

Result<AdbcDriver*> adbc_driver(std::string_view name) {
  if (name == "postgresql") {
    static const Result<AdbcDriver*> postgresql = load("libadbc_driver_postgresql.so");
    return postgresql;
  }
  static const Result<AdbcDriver*> sqlite = load("libadbc_driver_sqlite.so");
  return sqlite;
}

}  // namespace rondo::table
