// Texts that RFC 8259 takes and texts that it does not; each line is one rule of its grammar.
#include "api/strict_json.h"

#include <gtest/gtest.h>

#include <string>

namespace rondo::api {
namespace {

using namespace std::string_literals;

TEST(StrictJson, WhatTheGrammarTakes) {
  const std::string good[] = {
      "null", "true", "false", "0", "-0", "10", "-1.5", "1e5", "1E+5", "1e-5", "0.10e0",
      "1e400", "123456789012345678901234567890", "\"\"", "\"a\"", "[]", "{}", " [ ] ", "\t\r\n1\n",
      "[1,2]", "{\"a\":1}", "{\"a\":1,\"a\":2}", "{\"\":{}}", "[[[]],{}]", "\"\\u0000\"",
      "\"\\uD800\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\xC3\xA4\"", "\"\xF4\x8F\xBF\xBF\"",
      "\"\x7f\"", "[{\"a\":[1,{\"b\":null}]},2]",
      std::string(100'000, '[') + std::string(100'000, ']')};
  for (const std::string& text : good) EXPECT_TRUE(is_json(text)) << text.substr(0, 80);
}

TEST(StrictJson, WhatItDoesNot) {
  const std::string bad[] = {
      "", " ", "nul", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+",
      "0x1", "1_0", "1 2", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "'a'",
      "\"\n\"", "\"\t\"", "\"\0\""s, "\"\xff\"", "\"\xC3\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"",
      "\"\xF4\x90\x80\x80\"", "[", "]", "[1", "[1,]", "[,1]", "[1 2]", "[1]]", "{", "{\"a\"}",
      "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\":1 \"b\":2}", "{]", "[}", "[1}",
      "\xEF\xBB\xBF[]", "// c\n1", "[1]\0"s, "1\f", std::string(100'000, '['),
      std::string(100'000, '[') + std::string(99'999, ']')};
  for (const std::string& text : bad) EXPECT_FALSE(is_json(text)) << text.substr(0, 80);
}

}  // namespace
}  // namespace rondo::api
