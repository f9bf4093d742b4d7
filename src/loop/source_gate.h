// When the source of `rondo up` is looked at, and which of its news count. A function of the times
// that are handed in: no clock, no files.
#pragma once

#include <string>

#include "loop/world.h"

namespace rondo::loop {

class SourceGate {
 public:
  struct Ask {
    std::int64_t now_us = 0;   // monotonic
    bool told = false;         // by the kernel: something happened in the source's folders
    bool hears = true;         // false: the kernel tells nothing about some of them
    std::string manifest;      // the dataset version that the source is compared with
  };
  /// Whether to look now: at once with another version, a second after the last look when there
  /// was word of a change or something is waited for, and in any case after 30 s.
  bool due(const Ask& ask);
  /// What a look found, less what has to wait up to a minute: a file that somebody is writing, and
  /// a few pushed rows. `wall` is the time that files know.
  SourceNews judge(std::int64_t now_us, Time wall, SourceNews news);

 private:
  std::int64_t looked_us_ = 0;
  bool told_ = false;                // since the last look
  std::string manifest_;
  std::int64_t few_since_us_ = 0;    // pushed rows wait for more; 0: none do
  std::int64_t moving_since_us_ = 0; // a file is being written to; 0: none is
};

}  // namespace rondo::loop
