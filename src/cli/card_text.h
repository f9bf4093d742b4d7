// What a version's card says beside the verdict, and how all of a card is written.
#pragma once

#include <string>

#include "cli/command.h"
#include "io/json.h"

namespace rondo::cli {

/// An object under a key; empty where there is none.
Json part_of(const Json& card, const char* key);
/// NaN where there is no number.
double number_at(const Json& object, const char* key);
/// "LOW to HIGH".
std::string interval_text(const Json& object);
/// Of the evidence of a training: "30 trees", "a linear model of 12 terms", or both.
std::string made_of(const Json& training, std::uint64_t trees);
/// "12 rows", or "12 rows, those since 2024-06-12T00:00:00Z alone of 120".
std::string learned_from(const Json& training);
void heading(const std::string& text, const Args& args);

/// Of the evidence of an evaluation: where the model fails, whether its probabilities and intervals
/// mean what they say, how groups fare. What was not looked at is left out.
void say_findings(const Json& evaluation, const Args& args);

}  // namespace rondo::cli
