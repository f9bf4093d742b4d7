// Where LightGBM is sought and how it is kept silent. Its log callback belongs to a thread, so each
// thread that asks for the library sets its own.
#include "train/lightgbm_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#ifndef RONDO_LIGHTGBM_LIBRARY
#define RONDO_LIGHTGBM_LIBRARY ""
#endif

namespace rondo::train {
namespace {

template <class Function>
bool resolve(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  return function != nullptr;
}

void say_nothing(const char*) {}

}  // namespace

Result<void> LightgbmLibrary::checked(int returned, std::string doing) const {
  if (returned == 0) return {};
  const std::string text = GetLastError();
  const bool memory = text.find("bad_alloc") != std::string::npos;
  return during(Result<void>(fail(memory ? Code::kExhausted : Code::kInvalidInput,
                                  memory ? "LightGBM ran out of memory" : "LightGBM: " + text,
                                  memory ? "give it fewer rows or columns" : "")),
                std::move(doing));
}

Result<std::shared_ptr<const LightgbmLibrary>> load_lightgbm(
    const std::vector<std::string>& places) {
  std::string sought;
  for (const std::string& place : places) {
    if (place.empty()) continue;
    // Never unloaded: the library and OpenMP keep threads and static state.
    void* handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      sought += fmt::format("{}{}", sought.empty() ? "" : ", ", place);
      continue;
    }
    LightgbmLibrary library;
    const char* lacking = nullptr;
#define RONDO_LIGHTGBM_RESOLVE(name) \
  if (!resolve(handle, "LGBM_" #name, library.name) && !lacking) lacking = "LGBM_" #name;
    RONDO_LIGHTGBM_FUNCTIONS(RONDO_LIGHTGBM_RESOLVE)
#undef RONDO_LIGHTGBM_RESOLVE
    if (lacking != nullptr) {
      return fail(Code::kUnavailable, fmt::format("{} has no function {}", place, lacking),
                  "install LightGBM 4.7");
    }
    return std::make_shared<const LightgbmLibrary>(library);
  }
  return fail(Code::kUnavailable, fmt::format("lib_lightgbm was not found (sought: {})", sought),
              "install it beside the program, or build with -DRONDO_LIGHTGBM=FILE");
}

Result<const LightgbmLibrary*> lightgbm_library() {
  // $ORIGIN is the folder of the program; the dynamic linker fills it in. What was installed with
  // a program comes first: the folder of its build may be anybody's by then.
  static const auto library =
      load_lightgbm({"$ORIGIN/../lib/rondo/lib_lightgbm.so", "$ORIGIN/../lib/lib_lightgbm.so",
                     RONDO_LIGHTGBM_LIBRARY});
  if (!library) return std::unexpected(library.error());
  (*library)->RegisterLogCallback(say_nothing);  // one a thread
  return library->get();
}

}  // namespace rondo::train
