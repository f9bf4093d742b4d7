// HTML by hand: a heading, the tracker, a table, and how to ask.
#include "api/page.h"

#include <fmt/format.h>

#include <iterator>

#include "loop/views.h"

namespace rondo::api {
namespace {

constexpr std::int64_t kSteps = 30;
// The style stands in the page and is named by its digest, so that nothing else may add one.
constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.25em .75em .25em 0;border-bottom:1px solid #ddd}"
    "code,pre{background:#f4f4f4;padding:.1em .3em}pre{padding:.75em;overflow-x:auto}";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

/// A member as text, whatever its type.
std::string shown(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  return escaped(found->is_string() ? found->get<std::string>() : io::canonical(*found));
}

std::string who_answers(const Json& status) {
  const std::string version = shown(status, "answers");
  if (!version.empty()) return "version " + version;
  return status.at("champion").is_object() ? "nothing" : "no model yet";
}

void write_table(std::string& out, const Json& history) {
  out += "<table><tr><th>step<th>current stage<th>action<th>result<th>next stage<th>started</tr>\n";
  for (auto row = history.rbegin(); row != history.rend(); ++row) {
    out += "<tr>";
    for (const char* key : {"step", "stage", "action", "result", "next", "started"}) {
      out += "<td>" + shown(*row, key);
    }
    out += "</tr>\n";
  }
  out += "</table>\n";
}

void write_head(std::string& out, const std::string& model) {
  fmt::format_to(std::back_inserter(out),
                 "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                 "<meta name=\"viewport\" content=\"width=device-width\">"
                 "<title>{0} - Rondo</title><style>{1}</style>\n<h1>{0}</h1>\n",
                 escaped(model), kStyle);
}

/// The block of commands stays open.
void write_asking(std::string& out, const std::string& model) {
  fmt::format_to(std::back_inserter(out),
                 "<h2>Asking</h2>\n"
                 "<pre>curl --json '{{\"rows\":[{{...}}]}}' http://HOST/api/v1/predict\n"
                 "curl http://HOST/v2/models/{}        # names and types of the columns\n",
                 escaped(model));
}

/// Base64 as a content policy wants it: the other alphabet, with padding.
std::string base64(const io::Digest& digest) {
  std::string text = io::base64url({reinterpret_cast<const char*>(digest.bytes.data()), 32});
  for (char& c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  return text + "=";
}

Response as_page(std::string html) {
  Response response;
  response.type = "text/html; charset=utf-8";
  response.body = std::move(html);
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'sha256-" +
                                    base64(io::sha256(kStyle)) +
                                    "'; base-uri 'none'; form-action 'none'; "
                                    "frame-ancestors 'none'");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace

std::string page_html(const std::string& model, const Json& status, const Json& history) {
  std::string out;
  write_head(out, model);
  fmt::format_to(std::back_inserter(out),
                 "<p>Serving {}. Stage: {}{}. Waiting for: {}.</p>\n<p>{}</p>\n",
                 who_answers(status), shown(status, "stage"),
                 io::get_or(status, "resting", false) ? " (resting)" : "",
                 shown(status, "waiting_for"), shown(status, "performs"));
  for (const Json& alert : status.at("alerts")) {
    out += "<p><strong>Alert:</strong> " + escaped(alert.get<std::string>()) + "</p>\n";
  }
  out += "<h2>The last steps</h2>\n";
  write_table(out, history);
  write_asking(out, model);
  fmt::format_to(std::back_inserter(out),
                 "curl http://HOST/api/v1/status   # history, models, data, signals, why</pre>\n"
                 "<p><a href=\"api/v1/status\">status</a> <a href=\"api/v1/history\">history</a> "
                 "<a href=\"api/v1/models\">models</a> <a href=\"api/v1/alerts\">alerts</a> "
                 "<a href=\"api/v1/why\">why</a> "
                 "<a href=\"metrics\">metrics</a></p>\n");
  return out;
}

std::string file_page_html(const std::string& model, std::int64_t version,
                           const std::vector<std::string>& alerts) {
  std::string out;
  write_head(out, model);
  fmt::format_to(std::back_inserter(out),
                 "<p>Serving version {} from a pipeline file, without its project.</p>\n", version);
  for (const std::string& alert : alerts) out += "<p>" + escaped(alert) + "</p>\n";
  write_asking(out, model);
  out += "</pre>\n<p><a href=\"metrics\">metrics</a> "
         "<a href=\"openapi.json\">openapi.json</a></p>\n";
  return out;
}

std::string house_page_html(std::span<const Room> rooms) {
  std::string out;
  write_head(out, "Projects");
  out += "<table><tr><th>project<th>serves</tr>\n";
  for (const Room& room : rooms) {
    std::string serves = "nothing: " + room.reason;
    if (room.app != nullptr) {
      const auto routing = room.app->service().router().take();
      const bool ready = routing && routing->champion;
      const std::string alert = room.app->service().champion_alert();
      serves = ready ? fmt::format("version {}", routing->champion->version) : "no model yet";
      if (!alert.empty()) serves = alert;
    }
    out += "<tr><td>";
    out += room.app == nullptr ? escaped(room.name)
                               : fmt::format("<a href=\"/p/{}/\">{}</a>", encoded(room.name),
                                             escaped(room.name));
    out += "<td>" + escaped(serves) + "</tr>\n";
  }
  out += "</table>\n<h2>Asking</h2>\n"
         "<pre>curl --json '{\"rows\":[{...}]}' http://HOST/p/NAME/api/v1/predict</pre>\n";
  return out;
}

Reply house_page(const House& house) { return as_page(house_page_html(house.rooms())); }

Reply project_page(App& app) {
  loop::Service& service = app.service();
  if (!service.has_store()) {
    return as_page(file_page_html(service.model_name(),
                                  service.router().take()->champion->version,
                                  service.numbers().alerts));
  }
  const Json status = TRY(full_status(app));
  const Json history = TRY(loop::history_view(service.store(), kSteps));
  return as_page(page_html(service.model_name(), status, history));
}

}  // namespace rondo::api
