// Who may ask beside the administrator: named tokens, each with roles and perhaps an end. The
// secret is shown once; the file `tokens` keeps its SHA-256. It is a file and no table, so that it
// has mode 0600, stands in no backup (a restore brings no revoked token back), and can be read and
// changed while the database is damaged or refuses writes.
#pragma once

#include <initializer_list>
#include <optional>
#include <vector>

#include "io/digest.h"
#include "io/fs.h"

namespace rondo::ledger {

enum class Role : std::uint8_t { kViewer, kPredictor, kLabeler, kTrainer, kDeployer, kAdmin };
std::string_view name_of(Role role) noexcept;
/// Errors: kInvalidInput with the nearest role, or all of them.
Result<Role> role_of(std::string_view name);
/// "viewer, predictor, ...": all of them.
std::string role_names();

/// A set of roles; the administrator's holds every other. No other role holds another.
struct Roles {
  std::uint32_t bits = 0;  // by Role
  Roles() = default;
  Roles(std::initializer_list<Role> roles) {
    for (const Role role : roles) add(role);
  }
  void add(Role role) { bits |= 1U << static_cast<unsigned>(role); }
  bool holds(Role role) const { return (bits >> static_cast<unsigned>(role) & 1U) != 0; }
  bool has(Role role) const { return holds(role) || holds(Role::kAdmin); }
  std::vector<std::string> names() const;  // as they were given
  std::string text() const;                // "viewer, labeler"
};

struct Token {
  std::string name;
  Roles roles;
  Time created;
  std::optional<Time> expires;
  std::string by;     // who made it
  io::Digest digest;  // SHA-256 of the secret
  bool expired(Time now) const { return expires && now >= *expires; }
};

struct Tokens {
  std::vector<Token> all;  // by name
  /// Null when there is none of that name.
  const Token* find(std::string_view name) const;
  /// Whose secret has this digest, or null. Constant time: each token is compared to its end.
  const Token* match(const io::Digest& shown) const;
};

/// No file: no tokens. Errors: kCorrupt when it is not as it was written, kIo.
Result<Tokens> read_tokens(io::Fs& fs, const io::Path& folder);
/// Makes a secret for what is described (its digest is filled in) and gives it, durable.
/// Errors: kConflict when the name is taken, kInvalidInput for a name that is none.
Result<std::string> create_token(io::Fs& fs, const io::Path& folder, Token token);
/// Errors: kNotFound.
Result<void> revoke_token(io::Fs& fs, const io::Path& folder, const std::string& name);

/// Follows the file of another process. Cost: one stat a look, one reading a change.
class TokenWatch {
 public:
  TokenWatch(io::Fs& fs, io::Path folder) : fs_(fs), folder_(std::move(folder)) {}
  /// The tokens now, or nothing when they are as at the last look. Errors: as read_tokens; asked
  /// again at the next look.
  Result<std::optional<Tokens>> look();

 private:
  io::Fs& fs_;
  io::Path folder_;
  bool looked_ = false;
  std::optional<io::Stat> seen_;
};

}  // namespace rondo::ledger
