// Strict JSON written straight into a buffer that is kept: no value is built on the way. Numbers
// are the shortest text that reads back; what is not finite is null; bytes that are not UTF-8
// become U+FFFD, so that every reply is valid.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rondo::api {

void write_text(std::string& out, std::string_view text);
void write_number(std::string& out, double number);
void write_number(std::string& out, std::int64_t number);
void write_number(std::string& out, std::uint64_t number);

}  // namespace rondo::api
