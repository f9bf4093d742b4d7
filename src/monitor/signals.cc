// Book of open signals, and signals as JSON.
#include "monitor/signals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace rondo::monitor {
namespace {

constexpr std::int64_t kCleanWindows = 3;

Result<Time> time_of(const Json& json, std::string_view key) {
  return parse_time(TRY(io::get<std::string>(json, key)));
}

Signal from_finding(const OpenSignals::Context& context, const std::string& subject,
                    const Finding& finding) {
  Signal signal;
  signal.kind = finding.kind;
  signal.subject = subject;
  signal.since = context.window.from;
  signal.seen = context.window.until;
  signal.quarantines = finding.quarantines;
  signal.value = finding.value;
  signal.threshold = finding.threshold;
  signal.evidence = std::min(finding.evidence, 1e300);  // infinity is no JSON
  signal.false_alarms_per_year = context.false_alarms_per_year;
  signal.sentence = headline(finding.kind, subject, signal.since) + finding.sentence;
  if (finding.quarantines) signal.sentence += "; rows from then on train nothing until it is over";
  if (signal.false_alarms_per_year > 0) {
    signal.sentence += fmt::format("; expected false alarms of this kind: at most {:.2g} a year",
                                   signal.false_alarms_per_year);
  }
  return signal;
}

}  // namespace

std::string headline(const std::string& kind, const std::string& subject, Time since) {
  std::string word = kind;
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return fmt::format("{} {}, since {}: ", word, subject, to_text(since));
}

Json to_json(const Signal& signal) {
  Json out = {{"kind", signal.kind},
              {"subject", signal.subject},
              {"since", to_text(signal.since)},
              {"seen", to_text(signal.seen)},
              {"open", signal.open},
              {"quarantines", signal.quarantines},
              {"value", signal.value},
              {"threshold", signal.threshold},
              {"evidence", signal.evidence},
              {"false_alarms_per_year", signal.false_alarms_per_year},
              {"sentence", signal.sentence}};
  if (signal.came > 1) out["came"] = signal.came;
  if (!signal.cause.is_null()) out["cause"] = signal.cause;
  return out;
}

Result<Signal> signal_from(const Json& json) {
  if (!json.is_object()) return fail(Code::kCorrupt, "a signal is a JSON object");
  Signal signal;
  signal.kind = TRY(io::get<std::string>(json, "kind"));
  signal.subject = TRY(io::get<std::string>(json, "subject"));
  signal.since = TRY(time_of(json, "since"));
  signal.seen = TRY(time_of(json, "seen"));
  signal.open = TRY(io::get<bool>(json, "open"));
  signal.quarantines = TRY(io::get<bool>(json, "quarantines"));
  signal.value = TRY(io::get<double>(json, "value"));
  signal.threshold = TRY(io::get<double>(json, "threshold"));
  signal.evidence = TRY(io::get<double>(json, "evidence"));
  signal.false_alarms_per_year = TRY(io::get<double>(json, "false_alarms_per_year"));
  signal.sentence = TRY(io::get<std::string>(json, "sentence"));
  signal.came = io::get_or<std::int64_t>(json, "came", 1);
  signal.cause = io::get_or<Json>(json, "cause", nullptr);
  return signal;
}

OpenSignals::Entry* OpenSignals::find(const std::string& kind, const std::string& subject) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.signal.kind == kind && entry.signal.subject == subject;
  });
  return found == entries_.end() ? nullptr : &*found;
}

bool OpenSignals::open(const std::string& kind, const std::string& subject) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.signal.kind == kind && entry.signal.subject == subject;
  });
}

bool OpenSignals::broken(const std::string& subject) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.signal.kind != "drift" && entry.signal.subject == subject;
  });
}

void OpenSignals::mark(Entry& entry, Window window) const {
  if (entry.clean > 0) ++entry.signal.came;
  entry.dirty = window.from;
  entry.clean = 0;
  entry.signal.seen = std::max(entry.signal.seen, window.until);
}

void OpenSignals::seen(const std::string& kind, const std::string& subject, Window window) {
  if (Entry* entry = find(kind, subject)) mark(*entry, window);
}

void OpenSignals::pass_over(const std::string& kind, const std::string& subject, Window window) {
  if (Entry* entry = find(kind, subject)) entry->counted = std::max(entry->counted, window.from);
}

void OpenSignals::note(const Context& context, const std::string& subject,
                       std::span<const Finding> findings, std::vector<Signal>& out) {
  const auto keeper = [&] {  // the signal that keeps this subject's rows from training
    return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.signal.subject == subject && entry.signal.quarantines;
    });
  };
  for (const Finding& finding : findings) {
    if (finding.quarantines && keeper() != entries_.end()) {
      mark(*keeper(), context.window);
      continue;
    }
    Entry* entry = find(finding.kind, subject);
    const bool stronger = entry != nullptr && finding.quarantines && !entry->signal.quarantines;
    const bool weaker = entry != nullptr && !finding.quarantines && entry->signal.quarantines;
    if (weaker) continue;  // a trace of what was there; the quarantine need not last for it
    if (entry != nullptr && !stronger) {
      mark(*entry, context.window);
    } else if (finding.evidence >= 1) {
      raise(context.scope, context.window, from_finding(context, subject, finding), out);
    }
  }
}

void OpenSignals::raise(Scope scope, Window window, Signal signal, std::vector<Signal>& out) {
  Entry* entry = find(signal.kind, signal.subject);
  if (entry == nullptr) {
    entries_.push_back({});
    entry = &entries_.back();
  }
  signal.came = entry->signal.came;
  entry->scope = scope;
  entry->signal = std::move(signal);
  mark(*entry, window);
  out.push_back(entry->signal);
}

void OpenSignals::tell_end(Entry& entry, std::vector<Signal>& out) const {
  Signal& signal = entry.signal;
  signal.open = false;
  signal.sentence = fmt::format("{} {} is over: last seen before {}", signal.kind, signal.subject,
                                to_text(signal.seen));
  if (signal.quarantines) {
    signal.sentence += fmt::format("; rows from {} to then stay out of training until a person "
                                   "says that they were right (`rondo data rejects --retry`)",
                                   to_text(signal.since));
  }
  out.push_back(signal);
}

void OpenSignals::settle(Scope scope, Window window, std::vector<Signal>& out) {
  for (Entry& entry : entries_) {
    if (entry.scope != scope || entry.dirty >= window.from || entry.counted >= window.from) {
      continue;
    }
    entry.counted = window.from;
    if (++entry.clean == kCleanWindows) tell_end(entry, out);
  }
  std::erase_if(entries_, [](const Entry& entry) { return !entry.signal.open; });
}

void OpenSignals::close(Scope scope, std::vector<Signal>& out) {
  for (Entry& entry : entries_) {
    if (entry.scope == scope) tell_end(entry, out);
  }
  std::erase_if(entries_, [](const Entry& entry) { return !entry.signal.open; });
}

bool OpenSignals::quarantines() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return entry.signal.quarantines; });
}

bool OpenSignals::quarantines(const std::string& subject) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.signal.quarantines && entry.signal.subject == subject;
  });
}

std::vector<Signal> OpenSignals::list() const {
  std::vector<Signal> signals;
  for (const Entry& entry : entries_) signals.push_back(entry.signal);
  return signals;
}

Json OpenSignals::state() const {
  Json list = Json::array();
  for (const Entry& entry : entries_) {
    list.push_back({{"scope", static_cast<int>(entry.scope)},
                    {"signal", to_json(entry.signal)},
                    {"dirty_us", entry.dirty.us},
                    {"counted_us", entry.counted.us},
                    {"clean", entry.clean}});
  }
  return list;
}

Result<OpenSignals> OpenSignals::restore(const Json& state) {
  if (!state.is_array()) return fail(Code::kCorrupt, "the watcher's open signals are no list");
  OpenSignals book;
  for (const Json& item : state) {
    if (!item.is_object()) return fail(Code::kCorrupt, "an open signal is no object");
    Entry entry;
    const auto scope = TRY(io::get<std::int64_t>(item, "scope"));
    if (scope < 0 || scope > static_cast<int>(Scope::kRepeats)) {
      return fail(Code::kCorrupt, "an open signal of the watcher has an unknown scope");
    }
    entry.scope = static_cast<Scope>(scope);
    entry.signal = TRY(signal_from(TRY(io::get<Json>(item, "signal"))));
    entry.dirty.us = TRY(io::get<std::int64_t>(item, "dirty_us"));
    entry.counted.us = TRY(io::get<std::int64_t>(item, "counted_us"));
    entry.clean = TRY(io::get<std::int64_t>(item, "clean"));
    book.entries_.push_back(std::move(entry));
  }
  return book;
}

}  // namespace rondo::monitor
