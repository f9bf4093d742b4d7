// Threads that serve themselves: the reader hands out numbered parts, and each part is written when
// all before it are. The first error in that order is the one that is told.
#include "batch/predict.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/worker.h"

namespace rondo::batch {
namespace {

constexpr Span kTell = Span::millis(200);
constexpr Span kPatience = Span::seconds(3600);

struct Reader {
  std::uint64_t number = 0;  // of the next part
  bool ended = false;        // nothing more is handed out
};

/// A numbered part, or why there is none.
struct Ticket {
  std::uint64_t number = 0;
  Result<Cut> cut = Cut{};
};

struct Turn {
  std::uint64_t next = 0;  // number of the part that is written next
  std::uint64_t rows = 0, bytes = 0;
  std::size_t working = 0;
  std::optional<Error> error;
};

class Run {
 public:
  Run(const Settings& settings, Input& input, Output& output, const Stop& stop)
      : settings_(settings), input_(input), output_(output), stop_(stop) {}

  Result<Progress> run(const std::function<void(const Progress&)>& tell) {
    const std::int64_t began_us = monotonic_us();
    Progress progress;
    progress.bytes_total = input_.bytes_total();
    if (const auto place = output_.begun()) {
      TRY(input_.go_on(*place));
      progress.rows = progress.rows_before = place->rows;
    } else {
      head_ = header(settings_.form, leading(), *settings_.by->pipeline, beside());
    }
    const bool in_turn = settings_.clock.orders_only() &&
                         needs_time(settings_.by->pipeline->parts().transform);
    const std::size_t threads = in_turn ? 1 : cores();
    turn_.with([&](Turn& turn) {
      turn.rows = progress.rows;
      turn.working = threads;
    });
    {
      std::vector<Worker> workers;
      workers.reserve(threads);  // they stay where they began
      for (std::size_t i = 0; i < threads; ++i) {
        workers.emplace_back("predict", [this](const Stop&) { work(); });
      }
      for (bool done = false; !done;) {
        done = turn_.wait(kTell, [](const Turn& turn) { return turn.working == 0; },
                          [&](const Turn& turn) {
                            progress.rows = turn.rows;
                            progress.bytes = turn.bytes;
                            return turn.working == 0;
                          });
        progress.took = Span{monotonic_us() - began_us};
        if (!done && tell) tell(progress);
      }
    }
    const auto error = turn_.with([](const Turn& turn) { return turn.error; });
    if (error) return std::unexpected(*error);
    TRY(output_.append(head_));  // of no rows at all
    TRY(output_.finish());
    progress.took = Span{monotonic_us() - began_us};
    return progress;
  }

 private:
  std::vector<std::string> beside() const {
    return names_beside(*settings_.by->pipeline, settings_.beside);
  }
  std::vector<std::string> leading() const {
    return settings_.keys.empty() ? std::vector<std::string>{"row"} : settings_.keys;
  }

  void work() {
    Room room(settings_);
    std::string out;
    while (const auto ticket = take()) {
      out.clear();
      const auto scored = score(*ticket, room, out);
      if (!write(*ticket, scored, out)) break;
    }
    turn_.change([](Turn& turn) { --turn.working; });
  }

  /// None: the end, or a part failed.
  std::optional<Ticket> take() {
    return reader_.with([&](Reader& reader) -> std::optional<Ticket> {
      if (reader.ended) return std::nullopt;
      Ticket ticket{reader.number++, Cut{}};
      if (stop_.requested()) {
        ticket.cut = fail(Code::kCancelled, "it was stopped");
      } else {
        auto cut = input_.next();
        if (cut && !*cut) reader.ended = true;
        if (cut && !*cut) return std::nullopt;
        if (cut) ticket.cut = **std::move(cut);
        else ticket.cut = std::unexpected(std::move(cut).error());
      }
      reader.ended = !ticket.cut;
      const std::uint64_t bytes = input_.bytes_taken();
      turn_.with([bytes](Turn& turn) { turn.bytes = bytes; });
      return ticket;
    });
  }

  Result<std::uint64_t> score(const Ticket& ticket, Room& room, std::string& out) const {
    if (!ticket.cut) return std::unexpected(ticket.cut.error());
    const Part& part = ticket.cut->part;
    if (const auto rows = score_plain(settings_, part, out)) return *rows;
    const std::uint64_t rows = TRY(score_any(settings_, part, room, out));
    if (rows == ticket.cut->rows || ticket.cut->rows == 0) return rows;
    return fail(Code::kInvalidInput,
                fmt::format("{}: behind line {}, {} rows were found where {} lines ask for one",
                            part.layout->file, part.lines, rows, ticket.cut->rows),
                "remove blank lines, and write one record a line");
  }

  /// When its turn came. False: no more parts are asked for.
  bool write(const Ticket& ticket, const Result<std::uint64_t>& scored, std::string_view out) {
    const auto mine = [&](const Turn& turn) { return turn.error || turn.next == ticket.number; };
    bool going = false;
    while (!going) {
      bool over = false;
      turn_.wait(kPatience, mine, [&](const Turn& turn) {
        over = turn.error.has_value();
        going = turn.next == ticket.number;
      });
      if (over) return false;
    }
    // Nobody else writes before `next` moves on.
    std::optional<Error> error;
    if (!scored) error = scored.error();
    if (!error) {
      if (auto done = output_.append(std::exchange(head_, {})); !done) error = done.error();
    }
    if (!error) {
      if (auto done = output_.append(out); !done) error = std::move(done).error();
    }
    if (!error) {
      if (auto done = output_.passed(ticket.cut->after); !done) error = std::move(done).error();
    }
    turn_.change([&](Turn& turn) {
      if (error) turn.error = std::move(error);
      else turn.rows += *scored;
      ++turn.next;
    });
    return scored.has_value();
  }

  const Settings& settings_;
  Input& input_;
  Output& output_;
  const Stop& stop_;
  std::string head_;  // the first line, until it is written: whose turn it is has it
  Guarded<Reader> reader_;
  Guarded<Turn> turn_;
};

}  // namespace

Result<Progress> predict(const Settings& settings, Input& input, Output& output, const Stop& stop,
                         const std::function<void(const Progress&)>& tell) {
  auto done = Run(settings, input, output, stop).run(tell);
  if (!done && done.error().code == Code::kInvalidInput) output.discard();
  return done;
}

}  // namespace rondo::batch
