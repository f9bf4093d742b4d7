// data contract: what is agreed about the columns, as the file that a person edits.
#include <fmt/format.h>

#include "cli/opened.h"
#include "cli/render.h"
#include "cli/tasks.h"
#include "cli/written.h"
#include "io/toml.h"
#include "loop/contract_view.h"
#include "table/table.h"

namespace rondo::cli {
namespace {

constexpr std::size_t kRemarkAt = 34;

std::string line(const std::string& setting, const std::string& remark) {
  return remark.empty() ? setting + "\n" : fmt::format("{:<{}} # {}\n", setting, kRemarkAt, remark);
}

std::string key_of(const std::string& name) {
  const auto plain = [](char c) {
    return c == '_' || c == '-' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  };
  const bool bare = !name.empty() && std::ranges::all_of(name, plain);
  return bare ? name : io::to_toml(Json(name));
}

std::string range_text(const Json& low, const Json& high) {
  return fmt::format("range = [{}, {}]",
                     low.is_null() ? "-inf" : table::number_text(low.get<double>()),
                     high.is_null() ? "inf" : table::number_text(high.get<double>()));
}

/// What is in force is a setting; what was only seen is a remark that can be made one.
std::string agreed_text(const Json& column) {
  const Json& seen = column.at("seen");
  const auto type = column.at("type").get<std::string>();
  std::string out = fmt::format("\n[columns.{}]\n", key_of(column.at("name").get<std::string>()));
  out += line("type = " + io::to_toml(column.at("type")), "");
  const std::size_t missing = seen.is_null() ? 1 : seen.at("missing").get<std::size_t>();
  if (!column.at("nullable").get<bool>()) {
    out += line("nullable = false", "");
  } else if (missing == 0) {
    out += line("# nullable = false", fmt::format("none of {} is missing",
                                                  number(seen.at("rows").get<double>())));
  }
  if (!column.at("values").is_null()) {
    out += line("values = " + io::to_toml(column.at("values")), "");
  } else if ((type == "category" || type == "text") && !seen.is_null() &&
             !seen.at("values").is_null() && !seen.at("values").empty()) {
    out += line("# values = " + io::to_toml(seen.at("values")), "all that was seen");
  }
  if (!column.at("range").is_null()) {
    out += line(range_text(column.at("range")[0], column.at("range")[1]), "");
  } else if ((type == "number" || type == "integer") && !seen.is_null() &&
             seen.at("min").is_number()) {
    out += line("# " + range_text(seen.at("min"), seen.at("max")), "as it was seen");
  }
  return out;
}

std::string contract_text(const Json& contract, const std::string& project) {
  std::string out = fmt::format(
      "# What each column of {} is, as {} was read. Saved as contract.toml beside rondo.toml\n"
      "# it is in force from the next collection on; take a # away to make what was seen a rule.\n"
      "# What becomes of a cell that breaks one is said by [collect.contract] type: discard_row,\n"
      "# discard_value, freeze or evolve.\n",
      project, contract.at("version").get<std::string>());
  for (const Json& column : contract.at("columns")) out += agreed_text(column);
  return out;
}

}  // namespace

Result<int> show_contract(const Args& args, std::int64_t version) {
  const Opened project = TRY(open_project(args));
  const Json contract = TRY(loop::contract_view(*project.store, version,
                                                std::filesystem::temp_directory_path()));
  const std::string text = contract_text(contract, project.config.model_name());
  if (args.has("-o")) {
    const auto fs = io::real_fs();
    const io::Path place = TRY(file_to_write(*fs, args.get("-o"), by_force(args)));
    TRY(io::write_atomically(*fs, place, text));
    say(fmt::format("wrote {}", args.get("-o")));
    return kOk;
  }
  if (args.json) say_json(contract);
  else say(text.substr(0, text.size() - 1));
  return kOk;
}

}  // namespace rondo::cli
