// Free text as numbers: its words and their 3-grams, hashed into a fixed number of buckets, so that
// nothing is fitted and no text is new. Source: Weinberger et al. 2009, "Feature hashing for large
// scale multitask learning", section 2; FNV-1a with 64 bits.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace rondo::model {

inline constexpr std::uint32_t kTextBuckets = 64;
using TextBuckets = std::array<double, kTextBuckets>;

/// Words are the longest runs of letters, digits and bytes beyond ASCII; A to Z count as a to z. A
/// word adds itself, and each three neighbouring characters of it with a blank before and behind.
/// An occurrence with hash h adds 1, or -1 where the top bit of h is set, to bucket h mod 64; the
/// sums are divided by the root of the sum of their squares. No word: all 0.
/// Cost: linear in the text; nothing is allocated. Threads: any.
void fill_buckets(std::string_view text, TextBuckets& out) noexcept;

}  // namespace rondo::model
