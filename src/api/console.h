// The console's files, compiled in by cmake/embed.py: gzip as a browser takes them, made plain for
// who does not. They say nothing of a project, so they are shown to everybody.
#pragma once

#include <span>

#include "api/http.h"

namespace rondo::api {

struct Asset {
  std::string_view name, type, tag;  // tag: of its bytes, as ETag has it
  std::size_t size;                  // plain
  const unsigned char* gzip;
  std::size_t gzip_size;
};

/// By name.
std::span<const Asset> console_assets() noexcept;
/// A file of the console, or 304 to whom has it. Errors: 404.
Reply console_file(const Request& request, std::string_view name);

}  // namespace rondo::api
