// See leases.h. Times are CLOCK_BOOTTIME in microseconds; until_us 0 means: given back.
#include "ledger/leases.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

namespace rondo::ledger {
namespace {

struct Row {
  Lease lease;
  std::string process, boot;
  std::int64_t until_us = 0;
};

Result<std::optional<Row>> read_row(Db& db) {
  Query query = TRY(db.query("SELECT epoch, holder, process, boot, until_us FROM leases "
                             "WHERE name = 'conductor'"));
  if (!TRY(query.step())) return std::optional<Row>();
  Row row;
  row.lease = {query.integer(0), query.text(1)};
  row.process = query.text(2);
  row.boot = query.text(3);
  row.until_us = query.integer(4);
  return std::optional(std::move(row));
}

struct ProcessStat {
  char state = 'X';
  std::string start;
};

/// State and start time from /proc/PID/stat; a name in parentheses may hold anything.
std::optional<ProcessStat> stat_of(io::Fs& fs, std::string_view pid) {
  const auto text = fs.read(fmt::format("/proc/{}/stat", pid), 1 << 16);
  if (!text) return std::nullopt;
  const std::size_t after = text->rfind(')');
  if (after == std::string::npos || after + 2 >= text->size()) return std::nullopt;
  ProcessStat out;
  out.state = (*text)[after + 2];
  std::size_t at = after + 2;
  for (int field = 3; field < 22 && at != std::string::npos; ++field) at = text->find(' ', at + 1);
  if (at == std::string::npos) return std::nullopt;
  out.start = text->substr(at + 1, text->find(' ', at + 1) - at - 1);
  return out;
}

std::string pid_namespace() {
  std::error_code none;
  return std::filesystem::read_symlink("/proc/self/ns/pid", none).string();
}

/// True when the process is certainly gone; false when it lives or cannot be seen from here.
bool gone(io::Fs& fs, const std::string& process) {
  const std::size_t first = process.find(':');
  const std::size_t second = process.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return false;
  if (process.substr(second + 1) != pid_namespace()) return false;
  const auto stat = stat_of(fs, process.substr(0, first));
  if (!stat) return true;
  const bool ended = stat->state == 'Z' || stat->state == 'X';
  return ended || stat->start != process.substr(first + 1, second - first - 1);
}

bool held(io::Fs& fs, const Row& row, const Self& self) {
  return row.until_us > boottime_us() && row.boot == self.boot && !gone(fs, row.process);
}

}  // namespace

Result<Self> this_process(io::Fs& fs) {
  const std::string pid = std::to_string(::getpid());
  const auto stat = stat_of(fs, pid);
  if (!stat) return fail(Code::kIo, "/proc/self/stat cannot be read", "mount /proc");
  return Self{fmt::format("{}:{}:{}", pid, stat->start, pid_namespace()), boot_id()};
}

Result<Lease> take_lease(Db& db, io::Fs& fs, const Self& self, const std::string& holder,
                         Span length) {
  const auto row = TRY(read_row(db));
  const std::int64_t now_us = boottime_us();
  if (row && held(fs, *row, self)) {
    return fail(Code::kConflict,
                fmt::format("another Rondo works on this project: {} (process {}) holds its lease",
                            row->lease.holder, row->process.substr(0, row->process.find(':'))),
                "stop it, or let it do the work: most commands can be given beside it");
  }
  const Lease lease{row ? row->lease.epoch + 1 : 1, holder};
  Query query = TRY(db.query(
      "INSERT OR REPLACE INTO leases(name, epoch, holder, process, boot, until_us) "
      "VALUES('conductor',?,?,?,?,?)"));
  query.bind(lease.epoch).bind(holder).bind(self.process).bind(self.boot).bind(now_us + length.us);
  TRY(query.run());
  return lease;
}

Result<void> check_lease(Db& db, const Lease& lease) {
  const auto row = TRY(read_row(db));
  if (row && row->lease.epoch == lease.epoch && row->until_us != 0) return {};
  const std::string now = !row ? "nobody holds it"
                          : row->lease.epoch == lease.epoch
                              ? "it was given back"
                              : fmt::format(
                                    "now {} holds epoch {}",
                                    row->lease.holder.empty() ? "nobody" : row->lease.holder,
                                    row->lease.epoch);
  return fail(Code::kConflict,
              fmt::format("epoch {} of the project's lease is over: {}", lease.epoch, now),
              "nothing was written; start again to go on");
}

Result<void> renew_lease(Db& db, const Self& self, const Lease& lease, Span length) {
  TRY(check_lease(db, lease));
  Query query = TRY(db.query("UPDATE leases SET boot = ?, until_us = ? WHERE name = 'conductor'"));
  query.bind(self.boot).bind(boottime_us() + length.us);
  return query.run();
}

Result<void> release_lease(Db& db, const Lease& lease) {
  TRY(check_lease(db, lease));
  return db.exec("UPDATE leases SET until_us = 0, holder = '' WHERE name = 'conductor'");
}

Result<std::optional<Lease>> lease_holder(Db& db, io::Fs& fs, const Self& self) {
  const auto row = TRY(read_row(db));
  if (!row || !held(fs, *row, self)) return std::optional<Lease>();
  return std::optional(row->lease);
}

Result<void> raise_epoch(Db& db) {
  return db.exec(
      "INSERT INTO leases(name, epoch, holder, process, boot, until_us) "
      "VALUES('conductor', 1, '', '', '', 0) "
      "ON CONFLICT(name) DO UPDATE SET epoch = epoch + 1, holder = '', until_us = 0");
}

}  // namespace rondo::ledger
