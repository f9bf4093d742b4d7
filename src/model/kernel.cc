// Asks the CPU what it can do; the compiler's function also asks whether the operating system saves
// the wide registers.
#include "model/kernel.h"

#include <array>
#include <cstdlib>
#include <string>

namespace rondo::model {
namespace {

constexpr std::array<std::string_view, 3> kKernelNames = {"scalar", "avx2", "avx512"};

bool has(Kernel kernel) {
  switch (kernel) {
    case Kernel::kScalar: return true;
    case Kernel::kAvx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
    case Kernel::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("popcnt");
  }
  return false;
}

}  // namespace

std::string_view name_of(Kernel kernel) { return kKernelNames[static_cast<std::size_t>(kernel)]; }

std::vector<Kernel> supported_kernels() {
  std::vector<Kernel> found;
  for (const Kernel kernel : {Kernel::kScalar, Kernel::kAvx2, Kernel::kAvx512}) {
    if (has(kernel)) found.push_back(kernel);
  }
  return found;
}

Result<Kernel> kernel_named(std::string_view name) {
  if (name.empty()) return supported_kernels().back();
  for (std::size_t i = 0; i < kKernelNames.size(); ++i) {
    if (name != kKernelNames[i]) continue;
    const auto kernel = static_cast<Kernel>(i);
    if (has(kernel)) return kernel;
    return fail(Code::kUnavailable, "this CPU has no kernel " + std::string(name),
                "unset RONDO_KERNEL: the fastest one that it has is taken");
  }
  return fail(Code::kInvalidInput,
              "RONDO_KERNEL is \"" + std::string(name) + "\"; kernels are scalar, avx2, avx512",
              "unset it: the fastest one that the CPU has is taken");
}

Result<Kernel> chosen_kernel() {
  const char* const name = std::getenv("RONDO_KERNEL");
  return kernel_named(name == nullptr ? std::string_view{} : name);
}

}  // namespace rondo::model
