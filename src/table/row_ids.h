// Many row digests in little memory: a map with open addressing, 24 to 50 bytes an entry.
#pragma once

#include <algorithm>
#include <vector>

#include "table/canonical.h"

namespace rondo::table {

/// RowId -> Value. Threads: one writes or many read. Cost: O(1); grows by doubling.
template <class Value>
class RowIdMap {
 public:
  /// The value of a key, and whether it is new; the pointer is good until the next insertion.
  std::pair<Value*, bool> try_emplace(const RowId& id, Value value) {
    if (10 * (size_ + 1) > 8 * slots_.size()) grow();
    Slot& slot = slots_[place(id)];
    if (slot.id == id) return {&slot.value, false};
    slot = {id, std::move(value)};
    ++size_;
    return {&slot.value, true};
  }
  const Value* find(const RowId& id) const noexcept {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[place(id)];
    return slot.id == id ? &slot.value : nullptr;
  }

 private:
  struct Slot {
    RowId id;  // kNoRow: free
    Value value{};
  };

  /// Where the key stands, or could.
  std::size_t place(const RowId& id) const noexcept {
    std::size_t at = id.a & (slots_.size() - 1);
    while (slots_[at].id != id && slots_[at].id != kNoRow) at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  void grow() {
    std::vector<Slot> old(std::max<std::size_t>(64, 2 * slots_.size()));
    old.swap(slots_);
    for (Slot& slot : old) {
      if (slot.id != kNoRow) slots_[place(slot.id)] = std::move(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace rondo::table
