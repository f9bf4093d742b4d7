// See prediction_rows.h.
#include "ledger/prediction_rows.h"

#include <cstring>

namespace rondo::ledger {
namespace {

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

std::optional<Prediction> decode(std::string_view bytes) {
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

/// Only looks at the row's id and time. What is too short for them is left to decode().
bool is_refused(std::string_view bytes, const PredictionFilter& wanted) {
  if (!wanted) return false;
  const Head head = head_of(bytes);
  return head.good && !wanted(head.id, head.time);
}

}  // namespace

bool fits_record(const Prediction& row) {
  return row.id.size() < 256 && row.answer.size() < 65536 && row.probabilities.size() < 65536 &&
         row.cells.size() < (64U << 20) && row.lags.size() < 65536;
}

void encode_row(const Prediction& row, std::string& out) {
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
  if (!row.lags.empty()) put(out, static_cast<std::uint16_t>(row.lags.size()));
  for (const double lag : row.lags) put(out, lag);
  const auto length = static_cast<std::uint32_t>(out.size() - start - 4);
  std::memcpy(out.data() + start, &length, 4);
}

bool decode_rows(std::string_view payload, const PredictionFilter& wanted,
                 const std::function<void(Prediction&&)>& each) {
  Reader reader{payload};
  while (!reader.rest.empty()) {
    const std::string_view bytes = reader.text<std::uint32_t>();
    if (reader.good && is_refused(bytes, wanted)) continue;
    auto row = decode(bytes);
    if (!reader.good || !row) return false;
    each(*std::move(row));
  }
  return true;
}

void each_answered(std::string_view payload,
                   const std::function<void(std::string_view id, Time answered)>& each) {
  Reader reader{payload};
  while (reader.good && !reader.rest.empty()) {
    const Head head = head_of(reader.text<std::uint32_t>());
    if (head.good) each(head.id, head.answered);
  }
}

}  // namespace rondo::ledger
