// A client of our own that asks a running server as fast as it answers: what a request costs by the
// network, with the percentiles of its time.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "base/time.h"

namespace rondo::api {

struct LoadOptions {
  std::string url;    // "http://HOST:PORT" or https, or with the base of one project: "/p/NAME"
  std::string cacert;  // a file of certificates beside those that the machine knows
  std::string token;  // empty: none
  bool may_log = false;  // what is asked may stand in the server's log of predictions
  std::size_t connections = 1, rows = 1;  // rows a request
  Span length = Span::seconds(3);
};

struct LoadReport {
  std::string model, version;
  std::size_t columns = 0;
  bool logged = false;  // they are in the log of predictions, as the token is no deployer's
  std::uint64_t answered = 0, refused = 0;
  std::string refusal;  // the first one
  double seconds = 0;
  std::vector<double> us;  // of the answered requests, ascending
  /// The time that the share `p` of them did not exceed; 0 without any.
  double percentile(double p) const;
};

/// Asks what the model reads, then for predictions of rows of zeros and missing texts, which the
/// server forgets if the token may change what answers.
/// Errors: kInvalidInput for what is no URL, no certificate, or leaves the project open, and when a
/// project would log what may not be logged;
/// kUnavailable when nobody answers there, or what answers is no server of the inference protocol.
Result<LoadReport> load(const LoadOptions& options, const Stop& stop);

}  // namespace rondo::api
