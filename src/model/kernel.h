// Which instructions score: told apart once, at run time, since the program is compiled for every
// x86-64. Whatever the kernel, the scores have the same bits.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace rondo::model {

/// kScalar is Forest's own walk; the others answer with kernel_layout.h.
enum class Kernel : std::uint8_t { kScalar, kAvx2, kAvx512 };

std::string_view name_of(Kernel kernel);
/// What this CPU and its operating system can run, slowest first; kScalar always.
std::vector<Kernel> supported_kernels();
/// The last of them, or what the environment's RONDO_KERNEL names. Errors: kInvalidInput when it
/// names none, kUnavailable when this CPU lacks it.
Result<Kernel> chosen_kernel();
/// The same for a given name; empty: the fastest.
Result<Kernel> kernel_named(std::string_view name);

}  // namespace rondo::model
