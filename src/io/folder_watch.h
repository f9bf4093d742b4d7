// Word from the kernel (inotify) that something happened in a folder: a reason to look, never what
// is believed. Other machines' writes and folders of the network bring no word, so who listens
// looks now and then anyway.
#pragma once

#include <map>
#include <set>
#include <string>

#include "io/fs.h"

namespace rondo::io {

/// Threads: one.
class FolderWatch {
 public:
  FolderWatch();
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  /// Listens to these folders, and no longer to others. Whether the kernel tells about all of them.
  bool listen(const std::set<Path>& folders);
  /// The names in them to which something happened since the last call; "" for word about a folder
  /// itself, or when there was too much to tell.
  std::set<std::string> happened();

 private:
  int queue_ = -1;
  std::map<Path, int> watched_;
};

}  // namespace rondo::io
