// Rows as bytes. The order of fields is that of docs/FORMATS.md.
#include "ledger/prediction_row.h"

#include <algorithm>
#include <cstring>

namespace rondo::ledger {
namespace {

constexpr std::uint8_t kPredictions = 1;  // types of the record: plain rows,
constexpr std::uint8_t kArms = 2;         // and rows with arm, share and shadow

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

template <class Length>
void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<Length>(text.size()));
  out.append(text);
}

/// Whether a row needs a record of type 2, with what only a rollout knows of it.
bool has_arm(const Prediction& row) {
  return row.arm != Arm::kChampion || row.share != 0 || row.fell_back || row.shadow ||
         !row.read_cells.empty();
}

constexpr std::uint8_t kFellBack = 1, kHasShadow = 2, kReadOtherwise = 4;  // flags

void encode_arm(const Prediction& row, std::string& out) {
  put(out, static_cast<std::uint8_t>(row.arm));
  put(out, row.share);
  put(out, static_cast<std::uint8_t>((row.fell_back ? kFellBack : 0) |
                                     (row.shadow ? kHasShadow : 0) |
                                     (row.read_cells.empty() ? 0 : kReadOtherwise)));
  if (row.shadow) {
    put(out, row.shadow->version);
    put(out, row.shadow->value);
    put(out, row.shadow->own_ns);
    put(out, row.shadow->shadow_ns);
    put_text<std::uint16_t>(out, row.shadow->answer);
  }
  if (!row.read_cells.empty()) put_text<std::uint32_t>(out, row.read_cells);
}

/// Reads fields one after another; once something does not fit, `good` stays false.
struct Reader {
  std::string_view rest;
  bool good = true;
  std::vector<double> numbers() {
    const std::size_t count = take<std::uint16_t>();
    good = good && rest.size() >= count * sizeof(double);
    std::vector<double> out(good ? count : 0);
    for (double& number : out) number = take<double>();
    return out;
  }
  template <class T>
  T take() {
    T value{};
    good = good && rest.size() >= sizeof(T);
    if (!good) return value;
    std::memcpy(&value, rest.data(), sizeof(T));
    rest.remove_prefix(sizeof(T));
    return value;
  }
  template <class Length>
  std::string_view text() {
    const std::size_t size = take<Length>();
    good = good && rest.size() >= size;
    if (!good) return {};
    const std::string_view out = rest.substr(0, size);
    rest.remove_prefix(size);
    return out;
  }
};

/// False for what no program wrote.
bool decode_arm(Reader& reader, Prediction& row) {
  const auto arm = reader.take<std::uint8_t>();
  row.share = reader.take<std::uint16_t>();
  const auto flags = reader.take<std::uint8_t>();
  if (!reader.good || arm >= std::size(kArmNames)) return false;
  if (flags > (kFellBack | kHasShadow | kReadOtherwise)) return false;
  row.arm = static_cast<Arm>(arm);
  row.fell_back = (flags & kFellBack) != 0;
  if ((flags & kHasShadow) != 0) {
    Shadow& shadow = row.shadow.emplace();
    shadow.version = reader.take<std::int64_t>();
    shadow.value = reader.take<double>();
    shadow.own_ns = reader.take<std::uint32_t>();
    shadow.shadow_ns = reader.take<std::uint32_t>();
    shadow.answer = reader.text<std::uint16_t>();
  }
  if ((flags & kReadOtherwise) != 0) row.read_cells = reader.text<std::uint32_t>();
  return reader.good;
}

std::optional<Prediction> decode(std::string_view bytes, std::uint8_t type) {
  Reader reader{bytes};
  Prediction row;
  row.time = {reader.take<std::int64_t>()};
  row.answered = {reader.take<std::int64_t>()};
  row.version = reader.take<std::int64_t>();
  row.value = reader.take<double>();
  row.id = reader.text<std::uint8_t>();
  row.answer = reader.text<std::uint16_t>();
  row.probabilities = reader.numbers();
  row.cells = reader.text<std::uint32_t>();
  if (!reader.rest.empty()) row.lags = reader.numbers();
  if (type == kArms && !decode_arm(reader, row)) return std::nullopt;
  if (!reader.good || !reader.rest.empty()) return std::nullopt;
  return row;
}

/// The beginning of a row.
struct Head {
  Time time, answered;
  std::string_view id;
  bool good = false;
};

Head head_of(std::string_view bytes) {
  Reader reader{bytes};
  Head head;
  head.time = {reader.take<std::int64_t>()};
  head.answered = {reader.take<std::int64_t>()};
  reader.take<std::int64_t>();
  reader.take<double>();
  head.id = reader.text<std::uint8_t>();
  head.good = reader.good;
  return head;
}

bool is_ours(std::uint8_t type) { return type == kPredictions || type == kArms; }

/// Only looks at the row's id and time. What is too short for them is left to decode().
bool is_refused(std::string_view bytes, const PredictionFilter& wanted) {
  if (!wanted) return false;
  const Head head = head_of(bytes);
  return head.good && !wanted(head.id, head.time);
}

}  // namespace

bool fits_a_record(const Prediction& row) {
  return row.id.size() < 256 && row.answer.size() < 65536 && row.probabilities.size() < 65536 &&
         row.cells.size() < (64U << 20) && row.read_cells.size() < (64U << 20) &&
         row.lags.size() < 65536;
}

std::uint8_t record_type(std::span<const Prediction> rows) {
  return std::ranges::any_of(rows, has_arm) ? kArms : kPredictions;
}

void encode_row(const Prediction& row, std::uint8_t type, std::string& out) {
  const std::size_t start = out.size();
  put(out, std::uint32_t{0});
  put(out, row.time.us);
  put(out, row.answered.us);
  put(out, row.version);
  put(out, row.value);
  put_text<std::uint8_t>(out, row.id);
  put_text<std::uint16_t>(out, row.answer);
  put(out, static_cast<std::uint16_t>(row.probabilities.size()));
  for (const double probability : row.probabilities) put(out, probability);
  put_text<std::uint32_t>(out, row.cells);
  const bool has_tail = type == kArms || !row.lags.empty();
  if (has_tail) put(out, static_cast<std::uint16_t>(row.lags.size()));
  for (const double lag : row.lags) put(out, lag);
  if (type == kArms) encode_arm(row, out);
  const auto length = static_cast<std::uint32_t>(out.size() - start - 4);
  std::memcpy(out.data() + start, &length, 4);
}

bool decode_rows(std::uint8_t type, std::string_view payload, const PredictionFilter& wanted,
                 const std::function<void(Prediction&&)>& each) {
  if (!is_ours(type)) return true;
  Reader reader{payload};
  while (!reader.rest.empty()) {
    const std::string_view bytes = reader.text<std::uint32_t>();
    if (reader.good && is_refused(bytes, wanted)) continue;
    auto row = decode(bytes, type);
    if (!reader.good || !row) return false;
    each(*std::move(row));
  }
  return true;
}

void each_head(std::uint8_t type, std::string_view payload,
               const std::function<void(std::string_view id, Time answered)>& each) {
  Reader reader{payload};
  while (is_ours(type) && reader.good && !reader.rest.empty()) {
    const Head head = head_of(reader.text<std::uint32_t>());
    if (head.good) each(head.id, head.answered);
  }
}

}  // namespace rondo::ledger
