// Playing operations on the model of a disk, and losing what was not synced.
#include "io/disk_model.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

namespace rondo::io {
namespace {

constexpr std::uint64_t kSector = 512;

std::string read_file(const Path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Named {
  std::string folder, name;
};

Named split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

void put(std::string& bytes, std::uint64_t offset, std::string_view data) {
  if (bytes.size() < offset + data.size()) bytes.resize(offset + data.size(), '\0');
  bytes.replace(offset, data.size(), data);
}

}  // namespace

DiskModel::DiskModel() : nodes_(2) { nodes_[kRoot].folder = true; }

DiskModel::Id DiskModel::add(bool folder) {
  nodes_.push_back({.folder = folder});
  return nodes_.size() - 1;
}

void DiskModel::take_in(const Path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().lexically_relative(folder);
    const Id id = add(entry.is_directory());
    if (entry.is_regular_file()) nodes_[id].bytes = read_file(entry.path());
    const Named at = split(path);
    Node& parent = nodes_[find(at.folder)];
    parent.entries[at.name] = parent.now[at.name] = id;
  }
}

DiskModel::Id DiskModel::find(const std::string& path) const {
  Id id = kRoot;
  for (std::size_t at = 0; at < path.size() && path != ".";) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const auto found = nodes_[id].now.find(path.substr(at, slash - at));
    if (found == nodes_[id].now.end()) return kNone;
    id = found->second;
    at = slash + 1;
  }
  return id;
}

void DiskModel::change(const std::string& path, Id id) {
  const Named at = split(path);
  const Id parent = find(at.folder);
  if (parent == kNone) return;
  nodes_[parent].changes.push_back({at.name, id, numbers_});
  dirty_.insert(parent);
  if (id == kNone) {
    nodes_[parent].now.erase(at.name);
  } else {
    nodes_[parent].now[at.name] = id;
  }
}

void DiskModel::perform(const Operation& operation, bool honest_sync) {
  using Kind = Operation::Kind;
  const Id id = find(operation.path);
  const bool creates = operation.kind == Kind::kCreate || operation.kind == Kind::kFolder;
  if (creates != (id == kNone)) return;  // it is there already, or not there any more
  ++numbers_;
  Node& node = nodes_[id];
  switch (operation.kind) {
    case Kind::kCreate:
    case Kind::kFolder: return change(operation.path, add(operation.kind == Kind::kFolder));
    case Kind::kWrite: node.writes.push_back({false, operation.offset, operation.data}); return;
    case Kind::kTruncate: node.writes.push_back({true, operation.offset}); return;
    case Kind::kRename: change(operation.path, kNone); return change(operation.to, id);
    case Kind::kRemove: return change(operation.path, kNone);
    case Kind::kSync:
      if (!honest_sync) return;
      for (const Write& write : std::exchange(node.writes, {})) apply(node, write, nullptr);
      return;
    case Kind::kSyncFolder: {
      std::set<std::uint64_t> kept;
      for (const Change& change : node.changes) kept.insert(change.number);
      if (honest_sync) settle(std::move(kept));
      return;
    }
  }
}

/// Puts changes on the disk: those whose numbers are kept, with all that happened before them in
/// the same folder, and of a rename between two folders always both halves, as a journal would.
void DiskModel::settle(std::set<std::uint64_t> kept) {
  std::map<Id, std::size_t> counts;
  for (std::size_t before = kept.size() + 1; before != kept.size();) {
    before = kept.size();
    for (const Id id : dirty_) {
      const auto& changes = nodes_[id].changes;
      std::size_t& count = counts[id];
      for (std::size_t i = count; i < changes.size(); ++i) {
        if (kept.contains(changes[i].number)) count = i + 1;
      }
      for (std::size_t i = 0; i < count; ++i) kept.insert(changes[i].number);
    }
  }
  for (const auto& [id, count] : counts) {
    Node& node = nodes_[id];
    for (std::size_t i = 0; i < count; ++i) {
      const Change& change = node.changes[i];
      if (change.id == kNone) {
        node.entries.erase(change.name);
      } else {
        node.entries[change.name] = change.id;
      }
    }
    node.changes.erase(node.changes.begin(),
                       node.changes.begin() + static_cast<std::ptrdiff_t>(count));
    if (node.changes.empty()) dirty_.erase(id);
  }
}

void DiskModel::apply(Node& file, const Write& write, Chance* chance) {
  const std::uint64_t fate = chance == nullptr ? 0 : chance->below(3);
  if (fate == 1) return;
  if (write.truncates) {
    file.bytes.resize(write.offset, '\0');
    return;
  }
  if (fate == 0) return put(file.bytes, write.offset, write.data);
  for (std::uint64_t at = 0; at < write.data.size();) {
    const std::uint64_t sector_end = (write.offset + at) / kSector * kSector + kSector;
    const std::uint64_t count =
        std::min<std::uint64_t>(sector_end - write.offset - at, write.data.size() - at);
    if (chance->below(2) == 0) {
      put(file.bytes, write.offset + at, std::string_view(write.data).substr(at, count));
    }
    at += count;
  }
}

void DiskModel::cut(Chance* chance) {
  std::set<std::uint64_t> kept;
  for (Node& node : nodes_) {
    const auto writes = std::exchange(node.writes, {});
    if (chance == nullptr) continue;
    for (const Write& write : writes) apply(node, write, chance);
    const std::uint64_t survive = chance->below(node.changes.size() + 1);
    for (std::size_t i = 0; i < survive; ++i) kept.insert(node.changes[i].number);
  }
  if (chance != nullptr) settle(std::move(kept));
  for (const Id id : std::exchange(dirty_, {})) nodes_[id].changes.clear();
}

Result<void> DiskModel::write_node(Id id, const Path& to) const {
  const Node& node = nodes_[id];
  if (!node.folder) {
    std::ofstream out(to, std::ios::binary);
    out.write(node.bytes.data(), static_cast<std::streamsize>(node.bytes.size()));
    out.close();
    if (!out) return std::unexpected(file_error(EIO, "write", to));
    return {};
  }
  std::error_code error;
  std::filesystem::create_directories(to, error);
  if (error) return std::unexpected(file_error(error.value(), "make the folder", to));
  for (const auto& [name, entry] : node.entries) TRY(write_node(entry, to / name));
  return {};
}

Result<void> DiskModel::write_down(const Path& into) const {
  std::error_code error;
  if (std::filesystem::exists(into, error) && !std::filesystem::is_empty(into, error)) {
    return std::unexpected(file_error(ENOTEMPTY, "build a disk after a power cut in", into));
  }
  return write_node(kRoot, into);
}

}  // namespace rondo::io
