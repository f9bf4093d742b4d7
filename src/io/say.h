// How a child of ours talks to its parent: one line of JSON on descriptor 3. Without a parent that
// listens, what is said is lost and nothing happens.
#pragma once

#include <string_view>

namespace rondo::io {
void say_to_parent(std::string_view line) noexcept;
}  // namespace rondo::io
