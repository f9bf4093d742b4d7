// Reading and judging certificates and keys. TLS 1.2 at least; a key with a passphrase is refused,
// since nobody is there to type it.
#include "api/tls.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>

namespace rondo::api {
namespace {

namespace ssl = boost::asio::ssl;
using SslError = boost::system::error_code;

constexpr std::uint64_t kMostPem = 1 << 20;
constexpr const char* kWhatIsThere =
    "the folder of TLS holds cert.pem (the chain in PEM, the server's own certificate first) and "
    "key.pem";

Result<std::string> read_pem(io::Fs& fs, const io::Path& file) {
  auto text = fs.read(file, kMostPem);
  if (text) return *std::move(text);
  Error error = std::move(text).error();
  error.hint = kWhatIsThere;
  return std::unexpected(std::move(error));
}

/// A key of root may be read by root's group (Debian's ssl-cert), another one by its owner alone.
Result<void> check_mode(io::Fs& fs, const io::Path& key) {
  const auto stat = TRY(fs.stat(key));
  const unsigned others = stat && stat->owner == 0 ? 0037U : 0077U;
  if (!stat || (stat->mode & others) == 0) return {};
  return fail(Code::kInvalidInput,
              fmt::format("{} may be used by others: its mode is {:04o}", key.string(), stat->mode),
              fmt::format("chmod 600 {}", key.string()));
}

Result<Time> time_of(const ASN1_TIME* when, const io::Path& file) {
  const std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> start(ASN1_TIME_set(nullptr, 0),
                                                               &ASN1_TIME_free);
  int days = 0, seconds = 0;
  if (start && ASN1_TIME_diff(&days, &seconds, start.get(), when) == 1) {
    return Time{} + Span::days(days) + Span::seconds(seconds);
  }
  return fail(Code::kInvalidInput, fmt::format("{} has no valid date", file.string()),
              "make the certificate again");
}

/// Sets `ends`. Errors: kInvalidInput outside of the certificate's time.
Result<void> check_dates(const X509& certificate, const io::Path& file, Time now, TlsPair& pair) {
  const Time from = TRY(time_of(X509_get0_notBefore(&certificate), file));
  pair.ends = TRY(time_of(X509_get0_notAfter(&certificate), file));
  if (now >= pair.ends) {
    return fail(Code::kInvalidInput,
                fmt::format("the certificate in {} ended at {}", file.string(), to_text(pair.ends)),
                "renew it: no client would take it");
  }
  if (now >= from) return {};
  return fail(Code::kInvalidInput,
              fmt::format("the certificate in {} is valid from {} on", file.string(),
                          to_text(from)),
              "look at the clock of this machine, or use another certificate until then");
}

Result<std::shared_ptr<TlsPair>> read_pair(io::Fs& fs, const io::Path& cert,
                                                 const io::Path& key, Time now) {
  const std::string chain = TRY(read_pem(fs, cert)), secret = TRY(read_pem(fs, key));
  const auto pair =
      std::make_shared<TlsPair>(ssl::context(ssl::context::tls_server), chain, secret);
  TRY(check_mode(fs, key));
  ssl::context& context = pair->context;
  SSL_CTX* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);  // clients keep theirs, as tickets
  SslError error;
  context.set_options(ssl::context::no_compression | SSL_OP_NO_RENEGOTIATION, error);
  SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return 0; });
  context.use_certificate_chain(boost::asio::buffer(pair->chain), error);
  const X509* certificate = SSL_CTX_get0_certificate(native);
  if (error || certificate == nullptr) {
    return fail(Code::kInvalidInput,
                fmt::format("{} holds no certificate: {}", cert.string(), error.message()),
                "write the chain in PEM, the server's own certificate first");
  }
  TRY(check_dates(*certificate, cert, now, *pair));
  pair->signs_itself = X509_NAME_cmp(X509_get_subject_name(certificate),
                                     X509_get_issuer_name(certificate)) == 0;
  context.use_private_key(boost::asio::buffer(pair->key), ssl::context::pem, error);
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  const bool of_another =
      reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH;
  if (error && !of_another) {
    return fail(Code::kInvalidInput,
                fmt::format("{} holds no key that can be used: {}", key.string(), error.message()),
                "write it in PEM, without a passphrase");
  }
  // A key of another type is a pair of its own to OpenSSL, without a certificate.
  if (of_another || SSL_CTX_check_private_key(native) != 1) {
    return fail(Code::kInvalidInput,
                fmt::format("{} is not the key of {}", key.string(), cert.string()),
                "the first certificate of the chain must be the one that was made for this key");
  }
  return pair;
}

}  // namespace

Result<std::string> TlsFiles::mark() const {
  std::string mark;
  for (const io::Path& file : {cert_, key_}) {
    const auto stat = TRY(fs_->stat(file));
    if (!stat) continue;
    mark += fmt::format("{} {} {} {:o} ", stat->inode, stat->modified.us, stat->size, stat->mode);
  }
  return mark;
}

Result<std::unique_ptr<TlsFiles>> TlsFiles::open(const io::Path& folder, Time now) {
  std::unique_ptr<TlsFiles> files(new TlsFiles(folder));
  TRY(files->follow(now));
  return files;
}

Result<void> TlsFiles::follow(Time now) {
  const std::string seen = TRY(mark());
  if (!mark_.empty() && seen == mark_) return {};
  const auto before = pair_.take();
  const auto next = TRY(read_pair(*fs_, cert_, key_, now));
  next->number = before ? before->number + 1 : 1;
  pair_.publish(next);
  mark_ = seen;  // a pair that is half replaced is wrong, and is looked at again
  return {};
}

}  // namespace rondo::api
