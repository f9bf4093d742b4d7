// The sinks of alerts that are beyond this program: a webhook, letters. Secrets come from the
// environment alone: RONDO_WEBHOOK_TOKEN (sent as a bearer), RONDO_SMTP_USER, RONDO_SMTP_PASSWORD.
#pragma once

#include "base/stop.h"
#include "loop/config.h"

namespace rondo::loop {

inline constexpr const char* kWebhook = "webhook";
inline constexpr const char* kEmail = "email";

/// Names of those that are set, in the order of trying.
std::vector<std::string> sinks_of(const AlertOptions& options);

/// Sends one message and gives what came back, for people. Nothing of the address but host and port
/// is in it or in an error, since a webhook's path often is its secret.
/// Errors: kUnavailable; kInvalidInput for settings or secrets that are wrong; kCancelled.
/// Cost: at most ten seconds.
Result<std::string> send_to(const AlertOptions& options, const std::string& sink,
                            const Json& message, const Stop& stop);

/// Tries every sink with a test message: [{"sink","ok","said"}]. Nothing of it is kept.
Json test_sinks(const Config& config, const Stop& stop);

}  // namespace rondo::loop
