// The file of tokens: canonical JSON that carries its own digest, replaced whole under a lock of
// the store's folder, so that two commands at once lose nothing.
#include "ledger/tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/worker.h"
#include "io/json.h"
#include "io/toml.h"

namespace rondo::ledger {
namespace {

constexpr std::string_view kTokensFormat = "rondo tokens 1";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kNameMost = 64;
constexpr Span kLockPatience = Span::seconds(5), kLockPause = Span::millis(10);
constexpr Role kEachRole[] = {Role::kViewer,  Role::kPredictor, Role::kLabeler,
                              Role::kTrainer, Role::kDeployer,  Role::kAdmin};

io::Path tokens_file(const io::Path& folder) { return folder / "tokens"; }

std::vector<std::string> every_role() {
  std::vector<std::string> names;
  for (const Role role : kEachRole) names.emplace_back(name_of(role));
  return names;
}

Json token_json(const Token& token) {
  return {{"by", token.by},
          {"created", to_text(token.created)},
          {"expires", token.expires ? Json(to_text(*token.expires)) : Json(nullptr)},
          {"name", token.name},
          {"roles", token.roles.names()},
          {"sha256", token.digest.hex()}};
}

Result<Token> token_of(const Json& json) {
  Token token;
  token.name = TRY(io::get<std::string>(json, "name"));
  token.by = TRY(io::get<std::string>(json, "by"));
  token.created = TRY(parse_time(TRY(io::get<std::string>(json, "created"))));
  const Json expires = TRY(io::get<Json>(json, "expires"));
  if (!expires.is_null()) {
    token.expires = TRY(parse_time(TRY(io::get<std::string>(json, "expires"))));
  }
  const Json roles = TRY(io::get<Json>(json, "roles"));
  for (const Json& role : roles) {
    token.roles.add(TRY(role_of(role.is_string() ? role.get<std::string>() : role.dump())));
  }
  token.digest = TRY(io::Digest::from_hex(TRY(io::get<std::string>(json, "sha256"))));
  return token;
}

std::string tokens_text(const Tokens& tokens) {
  Json list = Json::array();
  for (const Token& token : tokens.all) list.push_back(token_json(token));
  Json whole = {{"format", kTokensFormat}, {"tokens", list}};
  whole["digest"] = io::sha256(io::canonical(whole)).hex();
  return io::canonical(whole) + "\n";
}

Result<Tokens> tokens_of(const std::string& text) {
  const Json whole = TRY(io::parse_json(text, "tokens"));
  const auto format = TRY(io::get<std::string>(whole, "format"));
  if (format != kTokensFormat) {
    return fail(Code::kConflict, fmt::format("its format is \"{}\"", format));
  }
  Tokens tokens;
  for (const Json& one : TRY(io::get<Json>(whole, "tokens"))) {
    tokens.all.push_back(TRY(token_of(one)));
  }
  if (tokens_text(tokens) == text) return tokens;
  return fail(Code::kCorrupt, "it is not as it was written");
}

Result<void> check_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '-' || c == '_' || c == '.';
  };
  if (name == "admin" || name == "anonymous") {
    return fail(Code::kInvalidInput, fmt::format("the name \"{}\" is taken by Rondo", name),
                "acts are recorded under a token's name: name who or what will hold it");
  }
  if (!name.empty() && name.size() <= kNameMost && std::ranges::all_of(name, fits)) return {};
  return fail(Code::kInvalidInput, fmt::format("\"{}\" is no name of a token", name),
              fmt::format("up to {} letters, digits, \"-\", \"_\" and \".\"", kNameMost));
}

/// Held until it goes, and by no process that is gone.
Result<std::unique_ptr<io::FolderLock>> lock(io::Fs& fs, const io::Path& folder) {
  for (Span waited;; waited.us += kLockPause.us) {
    auto held = fs.lock_folder(folder);
    if (held || held.error().code != Code::kConflict || waited >= kLockPatience) return held;
    sleep_for(kLockPause);
  }
}

Result<void> write_tokens(io::Fs& fs, const io::Path& folder, const Tokens& tokens) {
  return io::write_atomically(fs, tokens_file(folder), tokens_text(tokens), 0600);
}

}  // namespace

std::string_view name_of(Role role) noexcept {
  constexpr std::string_view kNames[] = {"viewer",  "predictor", "labeler",
                                         "trainer", "deployer",  "admin"};
  return kNames[static_cast<std::size_t>(role)];
}

Result<Role> role_of(std::string_view name) {
  for (const Role role : kEachRole) {
    if (name_of(role) == name) return role;
  }
  const std::string near = io::nearest(name, every_role());
  return fail(Code::kInvalidInput, fmt::format("there is no role \"{}\"", name),
              near.empty() ? "the roles are " + role_names()
                           : fmt::format("did you mean {}?", near));
}

std::string role_names() {
  Roles all;
  for (const Role role : kEachRole) all.add(role);
  return all.text();
}

std::vector<std::string> Roles::names() const {
  std::vector<std::string> out;
  for (const Role role : kEachRole) {
    if (holds(role)) out.emplace_back(name_of(role));
  }
  return out;
}

std::string Roles::text() const {
  std::string out;
  for (const std::string& name : names()) out += (out.empty() ? "" : ", ") + name;
  return out;
}

const Token* Tokens::find(std::string_view name) const {
  const auto found = std::ranges::find(all, name, &Token::name);
  return found == all.end() ? nullptr : &*found;
}

const Token* Tokens::match(const io::Digest& shown) const {
  const auto text = [](const io::Digest& digest) {
    return std::string(digest.bytes.begin(), digest.bytes.end());
  };
  const std::string wanted = text(shown);
  const Token* found = nullptr;
  for (const Token& token : all) {
    if (io::equal_in_constant_time(wanted, text(token.digest))) found = &token;
  }
  return found;
}

Result<Tokens> read_tokens(io::Fs& fs, const io::Path& folder) {
  const io::Path file = tokens_file(folder);
  if (!TRY(fs.stat(file))) return Tokens{};
  const std::string text = TRY(fs.read(file, 64ULL << 20));
  auto tokens = tokens_of(text);
  if (tokens) return tokens;
  return fail(Code::kCorrupt,
              fmt::format("{} is damaged: {}", file.string(), tokens.error().message),
              "remove the file and make the tokens anew: `rondo token create NAME --role ROLE`");
}

Result<std::string> create_token(io::Fs& fs, const io::Path& folder, Token token) {
  TRY(check_name(token.name));
  CHECK(token.roles.bits != 0, "a token without a role may do nothing");
  const auto held = TRY(lock(fs, folder));
  Tokens tokens = TRY(read_tokens(fs, folder));
  if (tokens.find(token.name) != nullptr) {
    return fail(Code::kConflict, fmt::format("there is a token \"{}\" already", token.name),
                fmt::format("take another name, or revoke it first: `rondo token revoke {}`",
                            token.name));
  }
  std::string secret = io::base64url(io::random_bytes(kSecretBytes));
  token.digest = io::sha256(secret);
  const auto place = std::ranges::upper_bound(tokens.all, token.name, {}, &Token::name);
  tokens.all.insert(place, std::move(token));
  TRY(write_tokens(fs, folder, tokens));
  return secret;
}

Result<void> revoke_token(io::Fs& fs, const io::Path& folder, const std::string& name) {
  const auto unknown = [&](const Tokens& tokens) {
    std::vector<std::string> names;
    for (const Token& token : tokens.all) names.push_back(token.name);
    const std::string near = io::nearest(name, names);
    return fail(Code::kNotFound, fmt::format("there is no token \"{}\"", name),
                near.empty() ? "`rondo token list` lists them"
                             : fmt::format("did you mean {}?", near));
  };
  if (!TRY(fs.stat(tokens_file(folder)))) return unknown({});
  const auto held = TRY(lock(fs, folder));
  Tokens tokens = TRY(read_tokens(fs, folder));
  const auto found = std::ranges::find(tokens.all, name, &Token::name);
  if (found == tokens.all.end()) return unknown(tokens);
  tokens.all.erase(found);
  return write_tokens(fs, folder, tokens);
}

/// A file that was replaced has another inode or another time.
Result<std::optional<Tokens>> TokenWatch::look() {
  const auto now = TRY(fs_.stat(tokens_file(folder_)));
  const bool same = now.has_value() == seen_.has_value() &&
                    (!now || (now->inode == seen_->inode && now->modified == seen_->modified &&
                              now->size == seen_->size));
  if (looked_ && same) return std::optional<Tokens>();
  looked_ = false;
  Tokens tokens = TRY(read_tokens(fs_, folder_));
  seen_ = now;
  looked_ = true;
  return std::optional(std::move(tokens));
}

}  // namespace rondo::ledger
