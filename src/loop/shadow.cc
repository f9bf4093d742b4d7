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

using Deployed = std::shared_ptr<const deploy::Deployed>;
using Cells = std::vector<std::vector<model::Cell>>;

/// Nanoseconds of CPU a row; the answers, when they are wanted.
std::uint32_t timed(const Deployed& by, const std::vector<ledger::Prediction>& rows,
                    const Cells& cells, std::vector<ledger::Shadow>* answers) {
  const double began = thread_cpu_seconds();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const model::RowView row{cells[i], rows[i].time, rows[i].time, {}};
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
    : router_(router), log_(log), worker_("shadow", [this](const Stop&) { serve(); }) {}

ShadowScorer::~ShadowScorer() {
  queue_.change([](Queue& queue) { queue.closing = true; });
  worker_.join();
}

void ShadowScorer::hold() { busy_.add(); }
void ShadowScorer::release() { busy_.sub(); }

bool ShadowScorer::write(std::span<const ledger::Prediction> rows,
                         ledger::PredictionLog::Done done) {
  if (rows.empty()) return log_.write(rows, std::move(done));
  Job job{{rows.begin(), rows.end()}, rows.front().arm != ledger::Arm::kNamed, std::move(done)};
  busy_.add();
  enum class Fate : std::uint8_t { kScored, kShed, kDropped };
  const bool scores = job.scores;
  const Fate fate = queue_.change([&](Queue& queue) {
    if (queue.rows + rows.size() > kKeptMost) return Fate::kDropped;
    const bool room = queue.rows + rows.size() <= kScoredMost;
    job.scores = job.scores && room;
    queue.rows += rows.size();
    queue.jobs.push_back(std::move(job));
    return room ? Fate::kScored : Fate::kShed;
  });
  if (fate == Fate::kDropped) {
    busy_.sub();
    dropped_.add(rows.size());
    return false;
  }
  if (fate == Fate::kShed && scores) shed_.add(rows.size());
  return true;
}

void ShadowScorer::drain() {
  const auto empty = [](const Queue& queue) { return queue.rows == 0; };
  bool done = false;
  while (!done) {
    queue_.wait(Span::seconds(1), empty, [&](const Queue& queue) { done = empty(queue); });
  }
}

void ShadowScorer::serve() {
  for (;;) {
    Job job;
    bool closing = false;
    queue_.wait(
        Span::seconds(1), [](const Queue& queue) { return queue.closing || !queue.jobs.empty(); },
        [&](Queue& queue) {
          closing = queue.closing;
          if (queue.jobs.empty()) return;
          job = std::move(queue.jobs.front());
          queue.jobs.pop_front();
        });
    if (job.rows.empty()) {
      if (closing) return;
      continue;
    }
    if (job.scores) score(job);
    // What finds no room is counted there.
    if (!log_.write(job.rows, job.done) && job.done) job.done(false);
    busy_.sub();  // before who drains goes on: nothing waits any more
    queue_.change([&](Queue& queue) { queue.rows -= job.rows.size(); });
  }
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
    if (!decoded) return;
    cells.push_back(columns.empty() ? *decoded : deploy::arranged(*decoded, columns));
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
