// What a disk holds when power may go at any moment: for each file the bytes that were synced and
// the writes that were not, for each folder the entries that were synced and the changes that were
// not. Stricter than most file systems: syncing a file does not save its name. Private to io/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/seed.h"
#include "io/faulty_fs.h"

namespace rondo::io {

class DiskModel {
 public:
  DiskModel();
  /// Everything below a folder that exists, as synced.
  void take_in(const Path& folder);
  /// One operation. Writes through a handle whose file was removed or replaced are not followed.
  void perform(const Operation& operation, bool honest_sync);
  /// Power goes. Without chance everything unsynced is lost; with it each write survives, is lost
  /// or is torn into sectors, and of the changes of a folder the first few survive.
  void cut(Chance* chance);
  /// Makes what is left in a folder that is absent or empty. Errors: kIo, kConflict.
  Result<void> write_down(const Path& into) const;

 private:
  using Id = std::size_t;
  static constexpr Id kNone = 0;
  static constexpr Id kRoot = 1;

  struct Write {
    bool truncates = false;
    std::uint64_t offset = 0;  // the new size when it truncates
    std::string data = {};
  };
  /// Of a folder: `name` now means `id` (kNone: nothing).
  struct Change {
    std::string name;
    Id id = kNone;
    std::uint64_t number = 0;  // both halves of a rename have the same
  };
  struct Node {
    bool folder = false;
    std::string bytes = {};                  // synced
    std::vector<Write> writes = {};          // not synced
    std::map<std::string, Id> entries = {};  // synced
    std::map<std::string, Id> now = {};      // as the running program sees them
    std::vector<Change> changes = {};        // not synced
  };

  Id find(const std::string& path) const;
  void change(const std::string& path, Id id);
  Id add(bool folder);
  void settle(std::set<std::uint64_t> kept);
  static void apply(Node& file, const Write& write, Chance* chance);
  Result<void> write_node(Id id, const Path& to) const;

  std::vector<Node> nodes_;
  std::set<Id> dirty_;         // folders with changes
  std::uint64_t numbers_ = 0;  // given out
};

}  // namespace rondo::io
