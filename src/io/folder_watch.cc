// See folder_watch.h.
#include "io/folder_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rondo::io {
namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO |
                                  IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF |
                                  IN_ONLYDIR;

}  // namespace

FolderWatch::FolderWatch() : queue_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

FolderWatch::~FolderWatch() {
  if (queue_ >= 0) ::close(queue_);
}

bool FolderWatch::listen(const std::set<Path>& folders) {
  if (queue_ < 0) return false;
  std::erase_if(watched_, [&](const auto& item) {
    if (folders.contains(item.first)) return false;
    ::inotify_rm_watch(queue_, item.second);
    return true;
  });
  bool all = true;
  for (const Path& folder : folders) {
    // Asked for again each time: a folder that was removed and made anew is another one.
    const int watch = ::inotify_add_watch(queue_, folder.c_str(), kEvents);
    if (watch >= 0) watched_[folder] = watch;
    else watched_.erase(folder);
    all = all && watch >= 0;
  }
  return all;
}

std::set<std::string> FolderWatch::happened() {
  std::set<std::string> names;
  if (queue_ < 0) return names;
  alignas(inotify_event) char buffer[16 * 1024];
  for (;;) {
    const ssize_t got = ::read(queue_, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return names;
    for (ssize_t at = 0; at < got;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const char* const name = buffer + at + sizeof event;
      // IN_IGNORED is the answer to our own rm_watch.
      if ((event.mask & IN_IGNORED) == 0) names.insert(event.len == 0 ? "" : name);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

}  // namespace rondo::io
