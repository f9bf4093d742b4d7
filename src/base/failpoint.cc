// Arming and counting of failpoints. The plan is read from the environment at the first hit and
// never changes afterwards, so that a hit costs one relaxed add when nothing is armed. A plan that
// cannot be read ends the program: a test that arms nothing must not pass.
#include "base/failpoint.h"

#include <array>
#include <string>

#if defined(RONDO_FAILPOINTS)
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <thread>

#include "base/check.h"
#endif

namespace rondo {
namespace {

constexpr std::array kEnumerators = {
#define FAILPOINT(name, help) std::string_view(#name),
#include "base/failpoints.def"
#undef FAILPOINT
};
constexpr std::size_t kCount = kEnumerators.size();
using Names = std::array<std::string, kCount>;

std::string snake_case(std::string_view enumerator) {
  std::string out;
  for (const char c : enumerator.substr(1)) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !out.empty()) out += '_';
    out += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

const Names& names() {
  static const Names all = [] {
    Names made;
    for (std::size_t i = 0; i < kCount; ++i) made[i] = snake_case(kEnumerators[i]);
    return made;
  }();
  return all;
}

}  // namespace

std::string_view name_of(Failpoint point) noexcept {
  return names()[static_cast<std::size_t>(point)];
}

Error injected_error(Failpoint point) {
  return fail(Code::kIo, "input/output error at the failpoint " + std::string(name_of(point)),
              "a test asked for it with RONDO_FAILPOINTS")
      .error();
}

#if defined(RONDO_FAILPOINTS)
namespace {

enum class Act { kOff, kError, kShort, kCrash, kSleep };

struct Armed {
  Act act = Act::kOff;
  std::uint64_t at = 0;  // 0: at every hit
  std::uint64_t sleep_ms = 0;
};

struct Plan {
  std::array<Armed, kCount> armed;
  std::array<std::atomic<std::uint64_t>, kCount> hits{};
  std::string log_file;
};

[[noreturn]] void refuse(std::string_view item, const char* why) {
  const std::string text = "RONDO_FAILPOINTS: \"" + std::string(item) + "\": " + why;
  check_failed("the plan can be read", text.c_str());
}

std::uint64_t number(std::string_view text, std::string_view item) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) refuse(item, "a number is missing");
  return value;
}

/// One item, "object_rename=sleep:20@3".
void arm(Plan& plan, std::string_view item) {
  const std::size_t equals = item.find('=');
  if (equals == std::string_view::npos) refuse(item, "write name=action or name=action@n");
  const std::string_view name = item.substr(0, equals);
  std::string_view action = item.substr(equals + 1);
  std::size_t index = 0;
  while (index < kCount && names()[index] != name) ++index;
  if (index == kCount) refuse(item, "there is no such failpoint; see base/failpoints.def");
  Armed armed;
  if (const std::size_t sign = action.find('@'); sign != std::string_view::npos) {
    armed.at = number(action.substr(sign + 1), item);
    action = action.substr(0, sign);
  }
  if (action.starts_with("sleep:")) {
    armed.act = Act::kSleep;
    armed.sleep_ms = number(action.substr(6), item);
  } else if (action == "error") {
    armed.act = Act::kError;
  } else if (action == "short") {
    armed.act = Act::kShort;
  } else if (action == "crash") {
    armed.act = Act::kCrash;
  } else if (action != "off") {
    refuse(item, "actions are off, error, short, crash, sleep:MS");
  }
  plan.armed[index] = armed;
}

Plan& plan() {
  static Plan& the_plan = []() -> Plan& {
    static Plan made;
    const char* text = std::getenv("RONDO_FAILPOINTS");
    std::string_view rest = text == nullptr ? "" : text;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      if (comma != 0) arm(made, rest.substr(0, comma));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    if (const char* log = std::getenv("RONDO_FAILPOINT_LOG"); log != nullptr) made.log_file = log;
    return made;
  }();
  return the_plan;
}

void note(const std::string& log_file, std::string_view name) {
  const int file = ::open(log_file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  const std::string line = std::string(name) + "\n";
  const auto written = ::write(file, line.data(), line.size());
  static_cast<void>(written);
  ::close(file);
}

}  // namespace

Injected hit(Failpoint point) {
  Plan& now = plan();
  const auto index = static_cast<std::size_t>(point);
  const std::uint64_t count = now.hits[index].fetch_add(1, std::memory_order_relaxed) + 1;
  if (count == 1 && !now.log_file.empty()) note(now.log_file, name_of(point));
  const Armed& armed = now.armed[index];
  if (armed.act == Act::kOff || (armed.at != 0 && armed.at != count)) return Injected::kNothing;
  switch (armed.act) {
    case Act::kOff: return Injected::kNothing;
    case Act::kError: return Injected::kError;
    case Act::kShort: return Injected::kShortWrite;
    case Act::kCrash:
      ::kill(::getpid(), SIGKILL);
      for (;;) ::pause();
    case Act::kSleep:
      std::this_thread::sleep_for(std::chrono::milliseconds(armed.sleep_ms));
      return Injected::kNothing;
  }
  return Injected::kNothing;
}
#endif

}  // namespace rondo
