// TLS for the listeners: cert.pem and key.pem of one folder, read again when either changes, so
// that a renewed certificate needs no restart. New connections take the newest pair that is right;
// what is wrong is told, and the pair before it goes on.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/published.h"
#include "io/fs.h"

namespace rondo::api {

/// A certificate and its key, which belong together. Threads: any.
struct TlsPair {
  boost::asio::ssl::context context;
  std::string chain, key;    // PEM
  Time ends{};               // of the server's own certificate
  bool signs_itself = false;
  std::uint64_t number = 0;  // counts the pairs that were read, from 1
};

class TlsFiles {
 public:
  /// Errors: kNotFound, kIo, kExhausted for files that cannot be read; kInvalidInput for what is no
  /// PEM, a key of another certificate or one that others may read, a certificate that has ended
  /// at `now` or is not valid yet. Each names its file.
  static Result<std::unique_ptr<TlsFiles>> open(const io::Path& folder, Time now);

  /// Never null. Threads: any.
  std::shared_ptr<const TlsPair> pair() const { return pair_.take(); }
  /// Reads the files again when they are others. Errors: as of open(); the pair stays what it was,
  /// and the files are looked at again. Threads: one.
  Result<void> follow(Time now);
  const io::Path& certificate() const { return cert_; }

 private:
  explicit TlsFiles(const io::Path& folder)
      : fs_(io::real_fs()), cert_(folder / "cert.pem"), key_(folder / "key.pem") {}
  /// What tells one version of the files from another.
  Result<std::string> mark() const;

  std::shared_ptr<io::Fs> fs_;
  const io::Path cert_, key_;
  std::string mark_;
  Published<TlsPair> pair_;
};

}  // namespace rondo::api
