// Reading rondo.toml: one pass over the sections, every mistake of every section in one error.
#include "loop/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace rondo::loop {
namespace {

/// Calls f(section name, options) for every section, in the order of the lifecycle.
template <class Config, class F>
void each_section(Config& config, F&& f) {
  f("project", config.project);
  f("collect", config.collect);
  f("prepare", config.prepare);
  f("train", config.train);
  f("evaluate", config.evaluate);
  f("deploy", config.deploy);
  f("monitor", config.monitor);
  f("loop", config.loop);
  f("alerts", config.alerts);
}

/// The section `name` of the file, or an empty table.
const Json& section(const Json& all, const std::string& name) {
  static const Json kEmpty = Json::object();
  const auto found = all.find(name);
  return found == all.end() ? kEmpty : *found;
}

std::string unknown_sections(const io::Toml& toml, const std::string& file,
                             const std::vector<std::string>& names) {
  std::string mistakes;
  for (const auto& item : toml.value.items()) {
    if (std::find(names.begin(), names.end(), item.key()) != names.end()) continue;
    const std::string near = io::nearest(item.key(), names);
    mistakes += fmt::format(
        "{}: [{}] is no section{}\n", io::place_of(toml.where, file, item.key()), item.key(),
        near.empty() ? fmt::format("; there are {}", fmt::join(names, ", "))
                     : fmt::format("; did you mean [{}]?", near));
  }
  return mistakes;
}

}  // namespace

Json Config::to_json() const {
  Json out = Json::object();
  each_section(*this, [&out](const char* name, const auto& options) {
    out[name] = io::write_options(options);
  });
  return out;
}

std::string Config::model_name() const {
  return deploy.name.empty() ? project.name : deploy.name;
}

Result<Config> parse_config(std::string_view text, const std::string& file,
                            const std::string& folder_name) {
  const io::Toml toml = TRY(io::parse_toml(text, file));
  Config config;
  std::string mistakes;
  std::vector<std::string> names;
  each_section(config, [&](const char* name, auto& options) {
    names.emplace_back(name);
    using Options = std::remove_reference_t<decltype(options)>;
    auto read = io::read_options<Options>(section(toml.value, name), name, &toml, file);
    if (read) {
      options = *std::move(read);
    } else {
      mistakes += read.error().message + "\n";
    }
  });
  mistakes = unknown_sections(toml, file, names) + mistakes;
  if (!mistakes.empty()) {
    mistakes.pop_back();
    return fail(Code::kInvalidInput, mistakes, "`rondo config` lists every key with its default");
  }
  if (config.project.name.empty()) config.project.name = folder_name;
  config.file = file;
  config.places = toml.where;
  config.monitor.seed = static_cast<std::uint64_t>(config.train.seed);
  TRY(check_values(config));
  return config;
}

Result<Config> load_config(io::Fs& fs, const io::Path& project) {
  const io::Path path = project / "rondo.toml";
  auto text = fs.read(path, 1 << 20);
  if (!text) {
    if (text.error().code != Code::kNotFound) return std::unexpected(std::move(text).error());
    return fail(Code::kNotFound, fmt::format("{} does not exist", path.string()),
                "make one with `rondo init data.csv --target COLUMN`, or name a project by -C DIR");
  }
  std::string folder = std::filesystem::weakly_canonical(project).filename().string();
  return parse_config(*text, path.filename().string(), folder.empty() ? "model" : folder);
}

Json config_keys() {
  Json rows = Json::array();
  Config defaults;
  each_section(defaults, [&rows](const char* name, auto& options) {
    io::OptionsWriter writer;
    describe(writer, options);
    const std::vector<io::Key> keys = writer.keys();
    const Json values = writer.take();
    for (const io::Key& key : keys) {
      rows.push_back({{"section", name},
                      {"key", std::string(key.name)},
                      {"default", values.at(std::string(key.name))},
                      {"help", std::string(key.help)},
                      {"one_of", std::string(key.one_of)}});
    }
  });
  return rows;
}

Result<TestRows> test_rows(const std::string& text) {
  constexpr Span kForever = Span::days(36'500);
  if (text == "auto") return TestRows{};
  if (const auto span = parse_span(text); span && span->us > 0) return TestRows{0.5, *span};
  double share = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, bad] = std::from_chars(text.data(), end, share);
  const bool percent = bad == std::errc{} && std::string_view(rest, end) == "%";
  if (percent) share /= 100;
  if (bad == std::errc{} && (percent || rest == end) && share > 0 && share < 1) {
    return TestRows{share, kForever};
  }
  return fail(Code::kInvalidInput, fmt::format("\"{}\" says of no rows that they are a test", text),
              "write \"auto\", a share of the rows (\"20%\") or a span of the newest (\"14d\")");
}

Result<Listen> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, std::min(colon, text.size()));
  const std::string_view digits = colon == text.npos ? "" : text.substr(colon + 1);
  Listen listen;
  const auto [end, bad] =
      std::from_chars(digits.data(), digits.data() + digits.size(), listen.port);
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  listen.host = host;
  const bool numeric = host.find_first_not_of("0123456789abcdefABCDEF.:") == host.npos;
  if (bad == std::errc{} && end == digits.data() + digits.size() && numeric && !host.empty()) {
    return listen;
  }
  return fail(Code::kInvalidInput, fmt::format("\"{}\" is no address to listen on", text),
              "write ADDRESS:PORT, like \"127.0.0.1:8080\" or \"[::1]:8080\"");
}

}  // namespace rondo::loop
