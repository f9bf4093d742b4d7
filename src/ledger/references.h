// Which objects the facts name: what gc must keep, what fsck demands, what a backup copies.
#pragma once

#include <map>
#include <set>

#include "ledger/store.h"

namespace rondo::ledger {

struct References {
  /// Objects that must exist, with who names them ("fact 17, outputs.pipeline"): digests below one
  /// of the keys that promise an object (docs/FORMATS.md, "Facts"), and the parts of manifests.
  std::map<io::Digest, std::string> named;
  /// Everything that looks like a digest in a fact, a projection, or a manifest so mentioned. gc
  /// keeps all of these: too much rather than too little.
  std::set<io::Digest> mentioned;
};

/// Errors: kCorrupt when a fact cannot be read. A damaged object is followed no further.
Result<References> references_of(Ledger& ledger, const Objects& objects);

/// The greatest whole number under a key "version" in any fact; 0 when there is none.
Result<std::int64_t> greatest_version(Ledger& ledger);

}  // namespace rondo::ledger
