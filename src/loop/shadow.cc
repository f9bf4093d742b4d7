// Scoring behind the reply. Both versions score the rows here, one after the other and each first
// by turns, so that their times are of the same thread and equally warm.
#include "loop/shadow.h"

#include <algorithm>
#include <limits>

#include "base/clock.h"

namespace rondo::loop {
namespace {

constexpr std::size_t kScoredMost = 20'000;   // rows that may wait to be scored
constexpr std::size_t kKeptMost = 200'000;    // rows that may wait at all
constexpr Span kGather = Span::millis(2);     // so that no request has to wake the scorer
constexpr double kPart = 0.02;                // of each processor's time
constexpr double kMostSavedS = 0.25;          // for a burst after quiet times
constexpr std::size_t kBreath = 16;           // records between two pauses

using Deployed = std::shared_ptr<const deploy::Deployed>;
using Cells = std::vector<std::vector<model::Cell>>;

/// Nanoseconds of CPU a row; the answers, when they are wanted.
std::uint32_t timed(const Deployed& by, const std::vector<ledger::Prediction>& rows,
                    const Cells& cells, std::vector<ledger::Shadow>* answers) {
  const double began = thread_cpu_seconds();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const model::RowView row{cells[i], rows[i].time, rows[i].time};
    const deploy::Answer answer = deploy::Router::answer(by, row, nullptr);
    if (answers != nullptr) {
      answers->push_back({by->version, answer.value, std::string(answer.label), 0, 0});
    }
  }
  const double a_row = (thread_cpu_seconds() - began) * 1e9 / static_cast<double>(rows.size());
  constexpr double kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp(a_row, 1.0, kMost));
}

}  // namespace

ShadowScorer::ShadowScorer(const deploy::Router& router, ledger::PredictionLog& log)
    : router_(router),
      log_(log),
      saved_s_(kMostSavedS),
      settled_us_(monotonic_us()),
      worker_("shadow", [this](const Stop&) { serve(); }) {}

ShadowScorer::~ShadowScorer() {
  queue_.change([](Queue& queue) { queue.closing = true; });
  worker_.join();
}

void ShadowScorer::hold() { busy_.add(); }
void ShadowScorer::release() { busy_.sub(); }

/// Whether the rows are to be scored; they count as waiting then.
bool ShadowScorer::takes(std::span<const ledger::Prediction> rows) {
  if (rows.front().arm == ledger::Arm::kNamed) return false;
  if (spent_.get() == 0 && to_score_.get() + rows.size() <= kScoredMost) {
    to_score_.add(rows.size());
    return true;
  }
  shed_.add(rows.size());
  return false;
}

bool ShadowScorer::write(std::span<const ledger::Prediction> rows,
                         ledger::PredictionLog::Done done) {
  if (rows.empty()) return log_.write(rows, std::move(done));
  Job job;
  job.done = std::move(done);
  if (takes(rows)) {
    job.rows.assign(rows.begin(), rows.end());
  } else if (auto encoded = ledger::encode_rows(rows)) {
    job.unscored = *std::move(encoded);
  } else {
    dropped_.add(rows.size());
    return false;
  }
  const bool scores = !job.rows.empty();
  busy_.add();
  bool first = false;
  const bool kept = queue_.with([&](Queue& queue) {
    if (queue.rows + rows.size() > kKeptMost) return false;
    first = queue.jobs.empty();
    queue.rows += rows.size();
    queue.jobs.push_back(std::move(job));
    return true;
  });
  if (kept && first) queue_.change([](Queue&) {});  // wakes the scorer
  if (kept) return true;
  busy_.sub();
  if (scores) to_score_.sub(rows.size());
  dropped_.add(rows.size());
  return false;
}

void ShadowScorer::drain() {
  const auto empty = [](const Queue& queue) { return queue.rows == 0; };
  bool done = false;
  while (!done) {
    queue_.wait(Span::seconds(1), empty, [&](const Queue& queue) { done = empty(queue); });
  }
}

void ShadowScorer::serve() {
  give_way();
  for (bool closing = false;;) {
    std::deque<Job> jobs;
    queue_.wait(
        Span::seconds(1), [](const Queue& queue) { return queue.closing || !queue.jobs.empty(); },
        [&](Queue& queue) { closing = queue.closing; });
    if (!closing) sleep_for(kGather);
    queue_.with([&](Queue& queue) { jobs.swap(queue.jobs); });
    std::size_t rows = 0;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      rows += jobs[i].count();
      handle(jobs[i]);
      busy_.sub();  // before who drains goes on: nothing waits any more
      if (i % kBreath == 0) breathe();
    }
    settle();
    queue_.change([rows](Queue& queue) { queue.rows -= rows; });
    if (closing && jobs.empty()) return;
  }
}

void ShadowScorer::handle(Job& job) {
  const auto done = job.done;
  bool kept = false;
  if (job.rows.empty()) {
    kept = log_.write(job.unscored, done);
  } else {
    const double began = thread_cpu_seconds();
    score(job);
    settled_s_ += thread_cpu_seconds() - began;
    to_score_.sub(job.rows.size());
    kept = log_.write(job.rows, done);
  }
  if (!kept && done) done(false);  // what finds no room is counted there
}

/// What scoring took is paid, and what it may take grows with time.
void ShadowScorer::settle() {
  const std::int64_t now_us = monotonic_us();
  const double wall_s = static_cast<double>(now_us - settled_us_) * 1e-6;
  saved_s_ += kPart * static_cast<double>(cores()) * wall_s - settled_s_;
  saved_s_ = std::min(saved_s_, kMostSavedS);
  settled_us_ = now_us;
  settled_s_ = 0;
  const bool spent = saved_s_ <= 0;
  if (spent && spent_.get() == 0) spent_.add();
  if (!spent && spent_.get() != 0) spent_.sub();
}

void ShadowScorer::score(Job& job) {
  const auto routing = router_.take();
  if (!routing || !routing->trial) return;
  const deploy::Trial& trial = *routing->trial;
  const std::int64_t version = job.rows.front().version;
  const bool other_answered = trial.other->version == version;
  if (!other_answered && routing->champion->version != version) return;  // switched meanwhile
  const Deployed& own = other_answered ? trial.other : routing->champion;
  const Deployed& beside = other_answered ? routing->champion : trial.other;
  const std::vector<std::ptrdiff_t> columns =
      other_answered ? deploy::columns_between(*own->pipeline, *beside->pipeline) : trial.columns;
  Cells own_cells, cells;
  for (const ledger::Prediction& row : job.rows) {
    auto decoded = model::decode_cells(row.cells);
    const bool as_read = other_answered && !row.read_cells.empty();  // as the champion reads it
    auto read = model::decode_cells(as_read ? row.read_cells : row.cells);
    if (!decoded || !read) return;
    const bool fits = as_read || columns.empty();
    cells.push_back(fits ? *std::move(read) : deploy::arranged(*read, columns));
    own_cells.push_back(*std::move(decoded));
  }
  std::vector<ledger::Shadow> shadows;
  std::uint32_t own_ns = 0, beside_ns = 0;
  if (++turn_ % 2 == 0) {
    own_ns = timed(own, job.rows, own_cells, nullptr);
    beside_ns = timed(beside, job.rows, cells, &shadows);
  } else {
    beside_ns = timed(beside, job.rows, cells, &shadows);
    own_ns = timed(own, job.rows, own_cells, nullptr);
  }
  for (std::size_t i = 0; i < job.rows.size(); ++i) {
    shadows[i].own_ns = own_ns;
    shadows[i].shadow_ns = beside_ns;
    job.rows[i].shadow = std::move(shadows[i]);
  }
  scored_.add(job.rows.size());
}

}  // namespace rondo::loop
