// Named tokens: what is kept of a secret, names and roles, a lock against lost changes, and a file
// that is believed whole or not at all.
#include "ledger/tokens.h"

#include <filesystem>
#include <fstream>

#include "base/worker.h"
#include "ledger/fixture.h"

namespace rondo::ledger {
namespace {

class TokensTest : public ScratchTest {
 protected:
  std::string make(const std::string& name, Roles roles = {Role::kLabeler}) {
    return must(create_token(*fs_, root_, {name, roles, kMade, {}, "somebody", {}}));
  }
  Tokens tokens() { return must(read_tokens(*fs_, root_)); }

  static constexpr Time kMade{1'800'000'000'000'000};
  std::shared_ptr<io::Fs> fs_ = io::real_fs(io::Durability::kProcess);
};

TEST_F(TokensTest, OnlyTheDigestOfASecretIsKept) {
  EXPECT_TRUE(tokens().all.empty());
  const std::string secret = make("ci", {Role::kPredictor, Role::kLabeler});
  EXPECT_EQ(must(io::from_base64url(secret)).size(), 32U) << "256 bits";
  const std::string file = must(fs_->read(root_ / "tokens"));
  EXPECT_EQ(file.find(secret), std::string::npos);
  EXPECT_EQ(std::filesystem::status(root_ / "tokens").permissions(), std::filesystem::perms{0600});
  const Tokens known = tokens();
  ASSERT_EQ(known.all.size(), 1U);
  EXPECT_EQ(known.all[0].digest, io::sha256(secret));
  EXPECT_EQ(known.all[0].by, "somebody");
  EXPECT_EQ(known.all[0].created, kMade);
  EXPECT_EQ(known.match(io::sha256(secret)), known.find("ci"));
  EXPECT_EQ(known.match(io::sha256(secret + "x")), nullptr);
  EXPECT_NE(make("other"), secret);
}

TEST_F(TokensTest, ANameIsTakenUntilItIsRevoked) {
  const std::string first = make("ci");
  EXPECT_EQ(code_of(create_token(*fs_, root_, {"ci", {Role::kViewer}, kMade, {}, "x", {}})),
            Code::kConflict);
  EXPECT_EQ(code_of(revoke_token(*fs_, root_, "cj")), Code::kNotFound);
  must(revoke_token(*fs_, root_, "ci"));
  EXPECT_TRUE(tokens().all.empty());
  EXPECT_EQ(code_of(revoke_token(*fs_, root_, "ci")), Code::kNotFound);
  make("ci");
  EXPECT_EQ(tokens().match(io::sha256(first)), nullptr) << "the name is back, the secret is not";
}

TEST_F(TokensTest, NamesThatAreNone) {
  for (const std::string name : {"", "a b", "a/b", "../x", "a\n", "admin", "anonymous"}) {
    EXPECT_EQ(code_of(create_token(*fs_, root_, {name, {Role::kViewer}, kMade, {}, "x", {}})),
              Code::kInvalidInput)
        << name;
  }
  EXPECT_EQ(code_of(create_token(
                *fs_, root_, {std::string(65, 'a'), {Role::kViewer}, kMade, {}, "x", {}})),
            Code::kInvalidInput);
  make(std::string(64, 'a'));
  make("Team-1_a.b");
}

TEST_F(TokensTest, OnlyTheAdministratorHoldsOtherRoles) {
  const Roles labeler = {Role::kLabeler};
  for (const Role role : {Role::kViewer, Role::kPredictor, Role::kTrainer, Role::kDeployer,
                          Role::kAdmin}) {
    EXPECT_FALSE(labeler.has(role)) << name_of(role);
    EXPECT_TRUE((Roles{Role::kAdmin}).has(role)) << name_of(role);
    EXPECT_EQ(must(role_of(name_of(role))), role);
  }
  EXPECT_EQ((Roles{Role::kDeployer, Role::kViewer}).text(), "viewer, deployer");
  EXPECT_EQ((Roles{Role::kAdmin}).text(), "admin");
  const auto near = role_of("labeller");
  ASSERT_FALSE(near.has_value());
  EXPECT_EQ(near.error().hint, "did you mean labeler?");
}

TEST_F(TokensTest, ATokenEndsAtItsMoment) {
  Token token;
  EXPECT_FALSE(token.expired(kEndOfTime)) << "without an end";
  token.expires = kMade;
  EXPECT_FALSE(token.expired(kMade - Span{1}));
  EXPECT_TRUE(token.expired(kMade));
  token.name = "short";
  token.roles = {Role::kViewer};
  must(create_token(*fs_, root_, token));
  EXPECT_EQ(tokens().all[0].expires, kMade) << "kept in the file";
}

TEST_F(TokensTest, AChangedFileIsBelievedNowhere) {
  make("ci", {Role::kViewer});
  const std::string whole = must(fs_->read(root_ / "tokens"));
  std::string raised = whole;
  raised.replace(raised.find("viewer"), 6, "admin");
  for (const std::string& text : {raised, whole.substr(0, whole.size() - 1), whole + "\n",
                                  std::string("{}"), std::string()}) {
    std::ofstream(root_ / "tokens") << text;
    EXPECT_EQ(code_of(read_tokens(*fs_, root_)), Code::kCorrupt) << text;
    EXPECT_EQ(code_of(create_token(*fs_, root_, {"b", {Role::kViewer}, kMade, {}, "x", {}})),
              Code::kCorrupt)
        << "a damaged list is not written over";
  }
  std::ofstream(root_ / "tokens") << whole;
  EXPECT_EQ(tokens().all.size(), 1U);
}

TEST_F(TokensTest, TheExampleOfTheFormatIsRead) {
  const std::string page = must(fs_->read(io::Path(RONDO_SOURCE_DIR) / "docs/FORMATS.md"));
  const std::size_t begin = page.find("{\"digest\"");
  ASSERT_NE(begin, page.npos);
  std::ofstream(root_ / "tokens") << page.substr(begin, page.find('\n', begin) + 1 - begin);
  const Tokens known = tokens();
  ASSERT_EQ(known.all.size(), 1U);
  EXPECT_EQ(known.match(io::sha256("YVIhhh4HVn4i0_jCDR7vjU1nGtOUWDK5dkWqTc4jXPE")), &known.all[0]);
}

TEST_F(TokensTest, CommandsAtOnceLoseNothing) {
  constexpr int kEach = 20;
  {
    std::vector<std::unique_ptr<Worker>> workers;
    for (const char* who : {"a", "b", "c"}) {
      workers.push_back(std::make_unique<Worker>(who, [this, who](const Stop&) {
        for (int i = 0; i < kEach; ++i) make(who + std::to_string(i));
      }));
    }
  }
  EXPECT_EQ(tokens().all.size(), 3U * kEach);
}

TEST_F(TokensTest, TheLockIsOnesAndGoesWithItsHolder) {
  auto first = must(fs_->lock_folder(root_));
  EXPECT_EQ(code_of(fs_->lock_folder(root_)), Code::kConflict);
  first.reset();
  EXPECT_TRUE(fs_->lock_folder(root_).has_value());
}

TEST_F(TokensTest, AWatchTellsEachChangeOnce) {
  TokenWatch watch(*fs_, root_);
  const auto count = [&] {
    const auto news = must(watch.look());
    return news ? static_cast<int>(news->all.size()) : -1;
  };
  EXPECT_EQ(count(), 0) << "the first look always tells";
  EXPECT_EQ(count(), -1);
  make("a");
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(count(), -1);
  make("b");
  EXPECT_EQ(count(), 2);
  must(revoke_token(*fs_, root_, "a"));
  EXPECT_EQ(count(), 1);
  const std::string whole = must(fs_->read(root_ / "tokens"));
  std::ofstream(root_ / "tokens") << "damaged";
  EXPECT_EQ(code_of(watch.look()), Code::kCorrupt);
  EXPECT_EQ(code_of(watch.look()), Code::kCorrupt) << "as long as it is damaged";
  std::ofstream(root_ / "tokens") << whole;
  EXPECT_EQ(count(), 1);
  std::filesystem::remove(root_ / "tokens");
  EXPECT_EQ(count(), 0);
}

}  // namespace
}  // namespace rondo::ledger
