// After a restore no version number that may be known outside is given out again.
#include <gtest/gtest.h>

#include "io/scratch.h"
#include "ledger/store.h"
#include "loop/conductor.h"

namespace rondo::loop {
namespace {

TEST(VersionFloor, IsWhatARestoreLeft) {
  const io::Scratch scratch;
  const auto fs = io::real_fs(io::Durability::kProcess);
  ledger::OpenOptions options;
  options.create = true;
  options.durability = io::Durability::kProcess;
  {
    const auto store = *ledger::Store::open(fs, scratch / "first", options);
    EXPECT_EQ(*version_floor(*store->ledger), 0);
    const ledger::Lease lease = *store->ledger->take_lease("test");
    const ledger::NewFact fact{Time{0}, "version", 1, {{"version", 7}}};
    ASSERT_TRUE(store->ledger->append(lease, std::span(&fact, 1)));
    ASSERT_TRUE(ledger::backup(*store, scratch / "copy", nullptr));
  }
  ASSERT_TRUE(ledger::restore(fs, scratch / "copy", scratch / "second", nullptr));
  const auto restored = *ledger::Store::open(fs, scratch / "second", {});
  EXPECT_EQ(*version_floor(*restored->ledger), 1007);  // the greatest number and 1,000
}

}  // namespace
}  // namespace rondo::loop
