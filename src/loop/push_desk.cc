// What was answered is never taken back: an index of keys is built from the dataset and the log at
// the start, and what could not be written leaves it again.
#include "loop/push_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "base/words.h"
#include "ledger/dataset.h"
#include "ledger/pushed.h"

namespace rondo::loop {
namespace {

using Fate = collect::PushedRow::Fate;
constexpr std::size_t kMostWaiting = 1000;
constexpr std::uint64_t kSegmentsAtLeast = 4;  // of the log: what goes is a part of it
constexpr std::size_t kAnsweredKept = 100'000;  // idempotency keys

Json reply_json(std::span<const collect::PushedRow> rows, const PushResult& n) {
  Json duplicates = Json::array(), rejects = Json::array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].fate == Fate::kDuplicate) duplicates.push_back(i);
    if (rows[i].fate != Fate::kRejected) continue;
    rejects.push_back({{"row", i}, {"column", rows[i].column}, {"reason", rows[i].reason},
                       {"hint", rows[i].hint}});
  }
  return {{"accepted", n.accepted}, {"duplicate", n.duplicate}, {"rejected", n.rejected},
          {"duplicates", std::move(duplicates)}, {"rejects", std::move(rejects)}};
}

Result<PushResult> result_from(const std::string& reply) {
  const Json json = TRY(io::parse_json(reply, "an answer to pushed rows"));
  PushResult out;
  out.accepted = io::get_or<std::uint64_t>(json, "accepted", 0);
  out.duplicate = io::get_or<std::uint64_t>(json, "duplicate", 0);
  out.rejected = io::get_or<std::uint64_t>(json, "rejected", 0);
  out.rows = out.accepted + out.duplicate + out.rejected;
  out.reply = reply;
  return out;
}

}  // namespace

Result<std::unique_ptr<PushDesk>> PushDesk::open(ledger::Store& store, const Config& config,
                                                 std::uint64_t epoch,
                                                 std::function<std::string()> manifest) {
  if (std::ranges::find(config.collect.source, "push") == config.collect.source.end()) {
    return nullptr;
  }
  std::unique_ptr<PushDesk> desk(new PushDesk(store, config, std::move(manifest)));
  io::RecordLogOptions options;
  options.epoch = epoch;
  const std::uint64_t most = TRY(parse_size(config.collect.push_log));
  options.segment_bytes = std::min(options.segment_bytes, most / kSegmentsAtLeast);
  io::LogState state;
  desk->log_ = TRY(io::RecordLog::open(store.fs, store.pushed(), options, &state));
  TRY(desk->remember_log());
  desk->writer_.emplace("push", kMostWaiting, [raw = desk.get()](const Writer::Group& group) {
    return raw->answer(group);
  });
  return desk;
}

PushDesk::~PushDesk() {
  writer_.reset();
  if (log_) static_cast<void>(log_->finish());
}

void PushDesk::remember(const std::string& key, Answered answered) {
  if (!answered_.try_emplace(key, std::move(answered)).second) return;
  order_.push_back(key);
  if (order_.size() <= kAnsweredKept) return;
  answered_.erase(order_.front());
  order_.pop_front();
}

/// The idempotency keys of all requests, and the keys of the rows that were not collected yet.
Result<void> PushDesk::remember_log() {
  TRY(follow_manifest());
  std::optional<Error> failed;
  TRY(ledger::read_pushed(*store_.fs, store_.pushed(), {}, [&](ledger::Pushed&& pushed) {
    if (failed || pushed.key.empty()) return;
    auto result = result_from(pushed.reply);
    if (result) remember(pushed.key, {pushed.body, *std::move(result)});
    else failed = result.error();
  }));
  if (failed) return std::unexpected(*failed);
  if (config_.collect.key.empty() && parent_) return {};
  const auto from =
      parent_ ? TRY(collect::pushed_through(parent_->cursor)) : io::LogPosition{};
  std::string lines;
  TRY(ledger::read_pushed(*store_.fs, store_.pushed(), from,
                          [&](ledger::Pushed&& pushed) { lines += pushed.lines; }));
  if (lines.empty()) return {};
  auto rows = judge_.judge(std::move(lines), collect::PushForm::kJson, {});
  // What the contract refuses by now will be refused by the collection too.
  if (!rows && rows.error().code != Code::kInvalidInput) return std::unexpected(rows.error());
  if (rows) settle(*rows);
  fresh_.clear();
  return {};
}

/// The contract and the clock of the newest version, and the keys of its rows.
Result<void> PushDesk::follow_manifest() {
  const std::string hex = manifest_();
  if (hex == manifest_hex_ || hex.empty()) return {};
  parent_ = TRY(ledger::get_manifest(*store_.objects, TRY(io::Digest::from_hex(hex))));
  TRY(judge_.follow(*parent_));
  std::vector<ledger::Segment> fresh;
  for (const ledger::Segment& segment : ledger::by_origin(*parent_).first) {
    if (segments_.insert(segment.file.hex()).second) fresh.push_back(segment);
  }
  if (!config_.collect.key.empty() && !fresh.empty()) {
    const auto each = [&](const ledger::SegmentRows& part) -> Result<void> {
      const auto key = TRY(table::key_places(part.rows.schema(), config_.collect.key,
                                             "of the rows collected before"));
      for (std::size_t row = 0; row < part.rows.rows(); ++row) {
        keys_[key_id(part.rows, key, row)] = row_id(part.rows, row);
      }
      return {};
    };
    const ledger::Deletions dead = TRY(ledger::deletions_of(*parent_, *store_.objects));
    TRY(ledger::each_part({*parent_, fresh, dead, ledger::files_in(*store_.objects),
                           store_.attempts()},
                          each));
  }
  manifest_hex_ = hex;
  collected_more_ = true;
  return {};
}

/// Segments whose rows stand in the dataset, all of them, while the log is larger than it may be.
Result<void> PushDesk::drop_collected() {
  if (!collected_more_ || !parent_) return {};
  const std::string through = TRY(collect::pushed_through(parent_->cursor)).segment;
  const std::uint64_t most = TRY(parse_size(config_.collect.push_log));
  const auto segments = TRY(io::log_segments(*store_.fs, store_.pushed()));
  const bool known = std::ranges::any_of(
      segments, [&](const io::LogSegment& one) { return one.name == through; });
  std::uint64_t bytes = 0;
  for (const io::LogSegment& segment : segments) bytes += segment.bytes;
  for (const io::LogSegment& segment : segments) {
    if (!known || segment.name == through || !segment.finished || bytes <= most) break;
    TRY(io::drop_segment(*store_.fs, store_.pushed(), segment.name));
    bytes -= segment.bytes;
  }
  collected_more_ = false;
  return {};
}

bool PushDesk::is_taken(const table::RowId& key, const table::RowId& row) const {
  const auto known = keys_.find(key);
  return known != keys_.end() && known->second == row;
}

/// Rows whose key is known already: duplicates, or in conflict with what it names.
void PushDesk::settle(std::vector<collect::PushedRow>& rows) {
  if (config_.collect.key.empty()) return;
  for (collect::PushedRow& row : rows) {
    if (row.fate != Fate::kAccepted) continue;
    const auto [known, is_new] = keys_.try_emplace(row.key, row.id);
    if (is_new) {
      fresh_.push_back({row.key, std::nullopt});
    } else if (known->second == row.id) {
      row.fate = Fate::kDuplicate;
    } else if (config_.collect.mode == "merge") {
      fresh_.push_back({row.key, std::exchange(known->second, row.id)});
    } else {
      row.fate = Fate::kRejected;
      row.column = config_.collect.key[0];
      row.reason = "a row with this key was taken before, with other values";
      row.hint = "a key names one row; drop `key`, or name more columns in it";
    }
  }
}

Result<PushResult> PushDesk::take(const PushWish& wish, std::vector<std::string>& payloads) {
  const std::string body = wish.key.empty() ? "" : io::sha256(wish.body).hex();
  if (!wish.key.empty()) {
    if (const auto known = answered_.find(wish.key); known != answered_.end()) {
      if (known->second.body != body) {
        return fail(Code::kConflict,
                    fmt::format("the idempotency key {} was used for other rows", wish.key),
                    "use a new key for new rows");
      }
      PushResult again = known->second.result;
      again.repeated = true;
      return again;
    }
  }
  TRY(follow_manifest());
  auto rows = TRY(judge_.judge(wish.body, wish.form,
                             [this](const table::RowId& key, const table::RowId& row) {
                               return is_taken(key, row);
                             }));
  PushResult out;
  out.rows = rows.size();
  out.too_many = out.rows > wish.rows_most;
  if (out.too_many) return out;
  settle(rows);
  ledger::Pushed pushed;
  for (const collect::PushedRow& row : rows) {
    switch (row.fate) {
      case Fate::kDuplicate: ++out.duplicate; continue;
      case Fate::kRejected: ++out.rejected; continue;
      case Fate::kAccepted: break;
    }
    ++out.accepted;
    pushed.lines += row.line;
  }
  out.reply = io::canonical(reply_json(rows, out));
  pushed.rows = out.accepted;
  if (!wish.key.empty()) {
    pushed.key = wish.key;
    pushed.body = body;
    pushed.reply = out.reply;
    remember(wish.key, {body, out});
    ++fresh_answers_;
  }
  if (pushed.rows > 0 || !pushed.key.empty()) payloads.push_back(ledger::encode(pushed));
  return out;
}

Result<void> PushDesk::write(std::span<const std::string> payloads) {
  if (payloads.empty()) return {};
  RONDO_FAILPOINT(kLogAppend);  // before the log was touched; the log's own follow
  TRY(log_->append(payloads, ledger::kPushedType));
  return log_->sync();
}

Result<PushResult> PushDesk::push(PushWish wish) {
  if (auto outcome = writer_->ask(std::move(wish))) return *std::move(outcome);
  return fail(Code::kUnavailable, "too many pushes wait for the disk", "try again later");
}

std::vector<Result<PushResult>> PushDesk::answer(const Writer::Group& group) {
  std::vector<std::string> payloads;
  std::vector<Result<PushResult>> outcomes;
  for (const PushWish* wish : group) outcomes.push_back(take_guarded(*wish, payloads));
  const auto written = write(payloads);
  if (!written) {
    forget();
    for (auto& outcome : outcomes) {
      if (outcome) outcome = std::unexpected(written.error());
    }
  }
  fresh_.clear();
  fresh_answers_ = 0;
  if (written) {
    [[maybe_unused]] const auto dropped = drop_collected();  // tried again with the next rows
  }
  return outcomes;
}

Result<PushResult> PushDesk::take_guarded(const PushWish& wish,
                                          std::vector<std::string>& payloads) {
  try {
    return take(wish, payloads);
  } catch (const std::bad_alloc&) {
    return fail(Code::kExhausted, "no memory left to judge pushed rows", "send fewer at once");
  } catch (const std::exception& foreign) {
    return fail(Code::kInvalidInput, foreign.what());
  }
}

/// What was judged and is not on the disk: the clients will send it again.
void PushDesk::forget() {
  for (; !fresh_.empty(); fresh_.pop_back()) {  // the newest first
    const Fresh& one = fresh_.back();
    if (one.before) keys_[one.key] = *one.before;
    else keys_.erase(one.key);
  }
  for (; fresh_answers_ > 0; --fresh_answers_) {
    answered_.erase(order_.back());
    order_.pop_back();
  }
}

Result<PushResult> push_to(PushDesk* desk, bool turns_loop, PushWish wish) {
  if (desk != nullptr) return desk->push(std::move(wish));
  if (turns_loop) {
    return fail(Code::kConflict, "this project takes no pushed rows",
                "write \"push\" into [collect] source, and start `rondo up` again");
  }
  return fail(Code::kUnavailable, "rows are taken by the program that turns the loop",
              "start `rondo up` without --no-loop");
}

}  // namespace rondo::loop
