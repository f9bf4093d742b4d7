// Reading rondo.toml: one pass over the sections, every mistake of every section in one error.
#include "loop/config.h"

#include <fmt/format.h>

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

}  // namespace rondo::loop
