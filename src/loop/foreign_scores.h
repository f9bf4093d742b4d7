// What LightGBM itself says of a model that somebody brings, asked in a worker process: a text that
// breaks the library breaks nothing else.
#pragma once

#include <span>
#include <vector>

#include "io/fs.h"

namespace rondo::loop {

/// Raw scores of row-major features, in a folder of its own below the one for temporary files.
/// Shape: rows x outputs. Errors: those of train::foreign_scores(); kUnavailable when the worker
/// dies or takes over ten minutes.
Result<std::vector<double>> lightgbm_scores(const std::shared_ptr<io::Fs>& fs,
                                            const std::string& text, std::size_t width,
                                            std::size_t outputs, std::span<const double> features);

}  // namespace rondo::loop
