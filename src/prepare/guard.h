// The rules of the leak guard, each of which adds what it found to the draft: those about columns
// (guard.cc), those about which rows train and which test (sides.cc, order.cc).
#pragma once

#include "prepare/features.h"
#include "prepare/single.h"

namespace rondo::prepare {

inline constexpr double kCopy = 0.995;  // AUC or R2 out of fold: the target itself
inline constexpr std::size_t kMostGuarded = 65'536;  // rows that a rule about columns reads

/// Excused by prepare.allow.
bool is_allowed(const Job& job, const std::string& column);
std::vector<double> labels_of(const Draft& draft, const std::vector<std::size_t>& rows);
/// "AUC" or "R2": what told_alone() gives.
std::string_view measure_of(const Draft& draft);

/// Rows that train and are asked about again. With a clock only.
void find_duplicates(const Job& job, Draft& draft);
/// Whose rows they are: an entity on both sides of the split.
void find_groups(const Job& job, Draft& draft);
/// A split by chance although a column says when a row was; both figures are measured.
void find_lost_order(const Job& job, Draft& draft);

}  // namespace rondo::prepare
