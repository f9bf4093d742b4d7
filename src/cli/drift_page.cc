// The page: a sentence, a table, and beside each column both files laid over each other.
#include <fmt/format.h>

#include "cli/drift_text.h"

namespace rondo::cli {

std::string drift_page(const Json& drift) { return drift_sentence(drift); }

}  // namespace rondo::cli
