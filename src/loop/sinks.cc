// From a message to a POST or a letter.
#include "loop/sinks.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/clock.h"
#include "io/digest.h"
#include "io/outgoing.h"
#include "loop/outbox.h"

namespace rondo::loop {
namespace {

constexpr Span kPatience = Span::seconds(10);

std::string of_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::string> to_webhook(const AlertOptions& options, const Json& message,
                               const Stop& stop) {
  io::Post post;
  post.to = TRY(io::web_address(options.webhook));
  post.headers = {{"Idempotency-Key", io::get_or<std::string>(message, "key", "")}};
  const std::string token = of_environment("RONDO_WEBHOOK_TOKEN");
  if (!token.empty()) post.headers.emplace_back("Authorization", "Bearer " + token);
  post.body = io::canonical(message) + "\n";
  const int status = TRY(io::post(post, kPatience, stop));
  return fmt::format("{} answered {}", post.to.place(), status);
}

Result<std::string> to_email(const AlertOptions& options, const Json& message, const Stop& stop) {
  io::Letter letter;
  letter.server = TRY(io::mail_server(options.smtp));
  letter.user = of_environment("RONDO_SMTP_USER");
  letter.password = of_environment("RONDO_SMTP_PASSWORD");
  if (letter.user.empty() != letter.password.empty()) {
    return fail(Code::kInvalidInput,
                fmt::format("{} is not set", letter.user.empty() ? "RONDO_SMTP_USER"
                                                                 : "RONDO_SMTP_PASSWORD"),
                "a mail server wants both in the environment of `rondo up`, or neither");
  }
  letter.from = io::is_mailbox(letter.user) ? letter.user : "rondo@" + letter.server.host;
  letter.to = options.email;
  letter.subject = io::get_or<std::string>(message, "subject", "");
  letter.text = io::get_or<std::string>(message, "text", "") + "\n";
  letter.id = io::get_or<std::string>(message, "key", "");
  letter.date = TRY(parse_time(io::get_or<std::string>(message, "at", "")));
  TRY(io::send_letter(letter, kPatience, stop));
  return fmt::format("{} took a letter for {}", letter.server.place(), letter.to.size());
}

}  // namespace

std::vector<std::string> sinks_of(const AlertOptions& options) {
  std::vector<std::string> names;
  if (!options.webhook.empty()) names.emplace_back(kWebhook);
  if (!options.email.empty()) names.emplace_back(kEmail);
  return names;
}

Result<std::string> send_to(const AlertOptions& options, const std::string& sink,
                            const Json& message, const Stop& stop) {
  return sink == kWebhook ? to_webhook(options, message, stop) : to_email(options, message, stop);
}

Json test_sinks(const Config& config, const Stop& stop) {
  const Json message = test_message(config.model_name(), io::base64url(io::random_bytes(9)),
                                    wall_clock_now());
  Json out = Json::array();
  for (const std::string& sink : sinks_of(config.alerts)) {
    const auto said = send_to(config.alerts, sink, message, stop);
    out.push_back({{"sink", sink}, {"ok", said.has_value()},
                   {"said", said ? *said : said.error().line()}});
  }
  return out;
}

}  // namespace rondo::loop
