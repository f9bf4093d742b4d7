// Which driver, and what of a uri is nobody's business.
#include "table/database.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "table/adbc_database.h"

namespace rondo::table {
namespace {

// What a uri may say of the connection. No file to read, no command line of the server.
constexpr std::array<std::string_view, 10> kParameters = {
    "host",    "port",        "dbname",          "user",             "password",
    "sslmode", "sslrootcert", "connect_timeout", "application_name", "target_session_attrs"};

/// "a%40b" as it reads.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16).ptr ==
            text.data() + i + 3) {
      out += static_cast<char>(code);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

void add_secret(std::string_view text, std::vector<std::string>& secrets) {
  for (std::string form : {std::string(text), decoded(text)}) {
    if (!form.empty()) secrets.push_back(std::move(form));
  }
}

}  // namespace

Result<std::vector<std::string>> postgresql_secrets(const std::string& uri) {
  std::string_view rest = uri;
  const bool begins = rest.starts_with("postgresql://") || rest.starts_with("postgres://");
  if (!begins) {
    return fail(Code::kInvalidInput, "what the uri names is no address of PostgreSQL",
                "it reads postgresql://USER:PASSWORD@HOST:5432/DATABASE");
  }
  rest.remove_prefix(rest.find("://") + 3);
  std::vector<std::string> secrets;
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  const std::size_t at = authority.rfind('@');
  if (at != authority.npos) {
    const std::size_t colon = authority.find(':');
    if (colon < at) add_secret(authority.substr(colon + 1, at - colon - 1), secrets);
  }
  const std::size_t query = rest.find('?');
  std::string_view parameters = query == rest.npos ? std::string_view() : rest.substr(query + 1);
  while (!parameters.empty()) {
    const std::string_view one = parameters.substr(0, parameters.find('&'));
    parameters.remove_prefix(std::min(one.size() + 1, parameters.size()));
    const std::string name = decoded(one.substr(0, one.find('=')));
    if (std::ranges::find(kParameters, name) == kParameters.end()) {
      return fail(Code::kInvalidInput, "the uri has a parameter that may not be set in it",
                  fmt::format("it may set {}", fmt::join(kParameters, ", ")));
    }
    if (name == "password") add_secret(one.substr(one.find('=') + 1), secrets);
  }
  return secrets;
}

Result<std::unique_ptr<Database>> Database::open(io::Fs& fs, const std::string& driver,
                                                 const std::string& uri, const io::Path& temp) {
  if (driver == "postgresql") return open_postgresql(uri);
  const auto stat = TRY(fs.stat(uri));
  if (!stat || stat->folder) {
    return fail(Code::kNotFound, fmt::format("{} was not found", uri));
  }
  return driver == "sqlite" ? open_sqlite(uri) : open_duckdb(uri, temp);
}

}  // namespace rondo::table
