// Headers, refusals and their texts. A refusal says what happened and what to do, in the words of
// the protocol that asked.
#include "api/http.h"

#include "api/json_out.h"
#include "api/rpc.h"

namespace rondo::api {
namespace {

struct StatusOf {
  int status;
  std::string_view code;
};

StatusOf status_of(Code code) {
  switch (code) {
    case Code::kInvalidInput: return {400, "invalid_input"};
    case Code::kNotFound: return {404, "not_found"};
    case Code::kConflict: return {409, "conflict"};
    case Code::kExhausted: return {507, "disk_full"};
    case Code::kCancelled:
    case Code::kUnavailable: return {503, "unavailable"};
    case Code::kCorrupt: return {500, "corrupt"};
    case Code::kIo: return {500, "io"};
  }
  return {500, "internal"};
}

/// MLflow's names.
std::string_view mlflow_code(int status) {
  switch (status) {
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "ENDPOINT_NOT_FOUND";
    case 503: return "TEMPORARILY_UNAVAILABLE";
    case 504: return "DEADLINE_EXCEEDED";
    case 429:
    case 507: return "RESOURCE_EXHAUSTED";
    default: return status >= 500 ? "INTERNAL_ERROR" : "BAD_REQUEST";
  }
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equal_fold(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::size_t Request::size() const {
  std::size_t bytes = body.size();
  if (rpc == nullptr) return bytes;
  for (const RpcInput& input : rpc->inputs) bytes += input.bytes.size();
  return bytes;
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (equal_fold(header.name, name)) return header.value;
  }
  return std::nullopt;
}

Refusal::Refusal(Error error) : hint(error.hint) {
  const StatusOf found = status_of(error.code);
  status = found.status;
  code = found.code;
  message = std::move(error.message);
  for (const std::string& context : error.context) message += " (" + context + ")";
  if (status == 503) headers.emplace_back("Retry-After", "1");
}

Refusal&& Refusal::with(std::string_view name, std::string value) && {
  headers.emplace_back(name, std::move(value));
  return std::move(*this);
}

Refusal not_kept() {
  return Refusal(503, "unavailable", "the answer could not be kept on disk",
                 "/api/v1/status says why; [deploy] log_ack = \"queued\" answers all the same")
      .with("Retry-After", "1");
}

Response render(const Refusal& refusal, Manner manner) {
  Response response;
  response.status = refusal.status;
  response.headers = refusal.headers;
  response.close = refusal.close;
  std::string& out = response.body;
  if (manner != Manner::kOurs) {
    std::string text = std::string(refusal.code) + ": " + refusal.message;
    if (!refusal.hint.empty()) text += "; " + refusal.hint;
    if (manner == Manner::kMlflow) {
      out += "{\"error_code\":";
      write_text(out, mlflow_code(refusal.status));
      out += ",\"message\":";
    } else {
      out += "{\"error\":";
    }
    write_text(out, text);
    out += "}\n";
    return response;
  }
  out += "{\"error\":{\"code\":";
  write_text(out, refusal.code);
  out += ",\"message\":";
  write_text(out, refusal.message);
  out += ",\"hint\":";
  write_text(out, refusal.hint);
  out += "}}\n";
  return response;
}

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 304: return "Not Modified";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    default: return "Internal Server Error";
  }
}

}  // namespace rondo::api
