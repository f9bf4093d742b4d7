// Files for browsers, with the policy that keeps everything else out of their pages.
#include "api/console.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/compress.h"

namespace rondo::api {
namespace {

// Nothing inline, nothing from elsewhere, in no frame of another page.
constexpr const char* kPolicy =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

/// Whether a list in a header has the word; what stands behind a semicolon is not looked at, but
/// for a weight of zero.
bool lists(std::optional<std::string_view> header, std::string_view word) {
  if (!header) return false;
  std::string_view rest = *header;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    std::string_view one = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    std::string_view name = one.substr(0, one.find(';'));
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (equal_fold(name, word)) return one.find("q=0") != one.size() - 3 || one.size() < 3;
  }
  return false;
}

}  // namespace

Reply console_file(const Request& request, std::string_view name) {
  const auto assets = console_assets();
  const auto found = std::ranges::find(assets, name, &Asset::name);
  if (found == assets.end()) {
    return refuse(404, "not_found",
                  fmt::format("the console has no file \"{}\"", name.substr(0, 100)));
  }
  Response response;
  response.type = found->type;
  response.headers = {{"ETag", std::string(found->tag)},
                      {"Cache-Control", "no-cache"},
                      {"Vary", "Accept, Accept-Encoding"},
                      {"Content-Security-Policy", kPolicy},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"},
                      {"Referrer-Policy", "no-referrer"}};
  if (lists(request.header("If-None-Match"), found->tag)) {
    response.status = 304;
    return response;
  }
  response.body.assign(reinterpret_cast<const char*>(found->gzip), found->gzip_size);
  if (lists(request.header("Accept-Encoding"), "gzip")) {
    response.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    response.body = TRY(io::decompress(response.body, found->size));
  }
  return response;
}

}  // namespace rondo::api
