// Addresses by hand: few forms are allowed, and each refusal says which.
#include "io/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace rondo::io {
namespace {

struct Form {
  std::string_view secure, plain;  // schemes with "://"
  std::uint16_t secure_port, plain_port;
  std::string_view example;
};
constexpr Form kWeb = {"https://", "http://", 443, 80, "https://hooks.example.org/rondo"};
constexpr Form kMail = {"smtps://", "smtp://", 465, 25, "smtps://mail.example.org:465"};

bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_';
}

/// Visible ASCII: what may stand in a request's first line.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

std::unexpected<Error> wrong(const Form& form, std::string_view what) {
  return fail(Code::kInvalidInput, fmt::format("the address {}", what),
              fmt::format("write it like \"{}\"", form.example));
}

/// "host", "host:port", "[::1]:port".
Result<void> read_place(const Form& form, std::string_view text, Address& out) {
  const bool bracketed = text.starts_with('[');
  const std::size_t close = bracketed ? text.find(']') : 0;
  if (close == text.npos) return wrong(form, "has a bracket that does not close");
  const std::size_t colon = text.find(':', close);
  out.host = bracketed ? text.substr(1, close - 1) : text.substr(0, std::min(colon, text.size()));
  const bool good = bracketed ? out.host.find_first_not_of("0123456789abcdefABCDEF:.") ==
                                    std::string::npos
                              : std::ranges::all_of(out.host, is_host_character);
  if (out.host.empty() || !good) return wrong(form, "names no host");
  if (bracketed && colon == text.npos && close + 1 != text.size()) {
    return wrong(form, "goes on behind its bracket");
  }
  if (colon == text.npos) return {};
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (bad != std::errc{} || end != digits.data() + digits.size() || out.port == 0) {
    return wrong(form, "has a port that is none");
  }
  return {};
}

Result<Address> read(const Form& form, std::string_view text) {
  Address out;
  out.tls = text.starts_with(form.secure);
  if (!out.tls && !text.starts_with(form.plain)) {
    return wrong(form, fmt::format("begins with neither {} nor {}", form.secure, form.plain));
  }
  if (!is_plain(text)) return wrong(form, "has a blank or a letter beyond ASCII");
  out.port = out.tls ? form.secure_port : form.plain_port;
  std::string_view rest = text.substr((out.tls ? form.secure : form.plain).size());
  const std::size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
  if (rest.substr(0, slash).find('@') != rest.npos) {
    return wrong(form, "holds a user or a password; those come from the environment alone");
  }
  TRY(read_place(form, rest.substr(0, slash), out));
  rest.remove_prefix(slash);
  rest = rest.substr(0, rest.find('#'));
  if (!rest.empty()) out.target = (rest.starts_with('/') ? "" : "/") + std::string(rest);
  if (out.tls || is_this_machine(out.host)) return out;
  return wrong(form, fmt::format("would send in plain text to {}; {} is for loopback alone",
                                 out.host, form.plain));
}

}  // namespace

std::string Address::place() const {
  const bool numbers = host.find(':') != host.npos;  // of IPv6
  return numbers ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Address> web_address(std::string_view text) { return read(kWeb, text); }

Result<Address> mail_server(std::string_view text) {
  Address out = TRY(read(kMail, text));
  if (out.target != "/") return wrong(kMail, "has a path, which a mail server has not");
  return out;
}

bool is_mailbox(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != text.npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == text.npos &&
         is_plain(text) && text.find_first_of("<>()[]\\,;:\"") == text.npos &&
         std::ranges::all_of(text.substr(at + 1), is_host_character);
}

bool is_this_machine(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  return host.starts_with("127.") && host.size() <= 15 &&
         std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace rondo::io
