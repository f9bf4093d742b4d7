// The functions of LightGBM's C API that we use, found with dlopen at first use: linking the
// library would make every command pay for it at its start. c_api.h gives the signatures, so a
// wrong call does not compile.
#pragma once

#include <LightGBM/c_api.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace rondo::train {

#define RONDO_LIGHTGBM_FUNCTIONS(each)                                                         \
  each(GetLastError) each(RegisterLogCallback) each(DumpParamAliases)                          \
  each(DatasetCreateFromMat) each(DatasetSetField) each(DatasetSetFeatureNames)                \
  each(DatasetFree) each(BoosterCreate) each(BoosterFree) each(BoosterAddValidData)            \
  each(BoosterUpdateOneIter) each(BoosterGetPredict) each(BoosterPredictForMat)                \
  each(BoosterSaveModelToString) each(BoosterGetCurrentIteration)                              \
  each(BoosterLoadModelFromString)

struct LightgbmLibrary {
#define RONDO_LIGHTGBM_MEMBER(name) decltype(&::LGBM_##name) name = nullptr;
  RONDO_LIGHTGBM_FUNCTIONS(RONDO_LIGHTGBM_MEMBER)
#undef RONDO_LIGHTGBM_MEMBER

  /// The error for what a function returned. Errors: kExhausted when memory ran out, otherwise
  /// kInvalidInput with LightGBM's own sentence.
  Result<void> checked(int returned, std::string doing) const;
};

/// The library, loaded once a process and silent. Errors: kUnavailable naming the places where it
/// was sought. Threads: any.
Result<const LightgbmLibrary*> lightgbm_library();
/// The same from one of these places (tests).
Result<std::shared_ptr<const LightgbmLibrary>> load_lightgbm(
    const std::vector<std::string>& places);

}  // namespace rondo::train
