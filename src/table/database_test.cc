// A file of DuckDB can be read and nothing else; what of an address is secret.
#include "table/database.h"

#include <gtest/gtest.h>

#include "io/scratch.h"

namespace rondo::table {
namespace {

TEST(DatabaseTest, PartsOfAnAddressThatAreSecretAreFound) {
  const auto secrets = postgresql_secrets("postgresql://me:a%40b@host:5432/db?password=c&port=1");
  ASSERT_TRUE(secrets);
  EXPECT_EQ(*secrets, (std::vector<std::string>{"a%40b", "a@b", "c", "c"}));
  EXPECT_FALSE(postgresql_secrets("host=db password=x"));
  EXPECT_FALSE(postgresql_secrets("postgresql://db/x?passfile=/etc/shadow"));
  EXPECT_FALSE(postgresql_secrets("postgresql://db/x?options=-c%20role%3Dadmin"));
}

TEST(DatabaseTest, AMissingFileIsNotMade) {
  const io::Scratch scratch;
  for (const char* driver : {"sqlite", "duckdb"}) {
    const auto opened = Database::open(*io::real_fs(), driver, scratch / "no.db", scratch.path());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::kNotFound);
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "no.db"));
}

}  // namespace
}  // namespace rondo::table
