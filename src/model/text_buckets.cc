// Sums are small whole numbers and the root is correctly rounded: the same bits anywhere.
#include "model/text_buckets.h"

#include <cmath>
#include <cstddef>

namespace rondo::model {
namespace {

constexpr char kWord = 'w', kGram = 'g';  // a word of three letters is not its own 3-gram

class Fnv {
 public:
  explicit Fnv(char kind) { add(kind); }
  void add(char c) {
    hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Where the character behind the one at `at` begins.
std::size_t after(std::string_view word, std::size_t at) {
  do ++at;
  while (at < word.size() && (static_cast<unsigned char>(word[at]) & 0xc0) == 0x80);
  return at;
}

void count(std::uint64_t hash, TextBuckets& out) {
  out[hash % kTextBuckets] += hash >> 63 != 0 ? -1 : 1;
}

void count_part(char kind, bool blank_before, std::string_view part, bool blank_behind,
                TextBuckets& out) {
  Fnv hash(kind);
  if (blank_before) hash.add(' ');
  for (const char c : part) hash.add(small(c));
  if (blank_behind) hash.add(' ');
  count(hash.value(), out);
}

/// Each character between its neighbours, a blank where there is none: " ab", "ab " of "ab".
void count_grams(std::string_view word, TextBuckets& out) {
  std::size_t before = 0;
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t next = after(word, at);
    const std::size_t end = next < word.size() ? after(word, next) : next;
    count_part(kGram, at == 0, word.substr(before, end - before), next == word.size(), out);
    before = at;
    at = next;
  }
}

}  // namespace

void fill_buckets(std::string_view text, TextBuckets& out) noexcept {
  out.fill(0);
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    count_part(kWord, false, text.substr(at, end - at), false, out);
    count_grams(text.substr(at, end - at), out);
    at = end;
  }
  double squares = 0;
  for (const double sum : out) squares += sum * sum;
  if (squares == 0) return;
  const double length = std::sqrt(squares);
  for (double& sum : out) sum /= length;
}

}  // namespace rondo::model
