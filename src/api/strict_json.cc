// A pushdown automaton with one bit a level: which kind of container is open.
#include "api/strict_json.h"

#include <vector>

#include "io/utf8.h"

namespace rondo::api {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Judge {
 public:
  explicit Judge(std::string_view text) : text_(text) {}

  bool judge() {
    if (!value()) return false;
    while (!open_.empty()) {
      if (!after_value()) return false;
    }
    blanks();
    return at_ == text_.size();
  }

 private:
  char look() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool eat(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void blanks() {
    while (look() == ' ' || look() == '\t' || look() == '\n' || look() == '\r') ++at_;
  }

  /// A value up to its end, or up to the first value inside that is a scalar or empty.
  bool value() {
    for (;;) {
      blanks();
      if (eat('[')) {
        blanks();
        if (eat(']')) return true;
        open_.push_back(false);
      } else if (eat('{')) {
        blanks();
        if (eat('}')) return true;
        open_.push_back(true);
        if (!key()) return false;
      } else {
        return scalar();
      }
    }
  }

  bool after_value() {
    blanks();
    const bool object = open_.back();
    if (eat(object ? '}' : ']')) {
      open_.pop_back();
      return true;
    }
    return eat(',') && (!object || key()) && value();
  }

  bool key() {
    blanks();
    if (!text()) return false;
    blanks();
    return eat(':');
  }

  bool scalar() {
    switch (look()) {
      case '"': return text();
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }

  bool word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool digits() {
    if (!is_digit(look())) return false;
    while (is_digit(look())) ++at_;
    return true;
  }

  bool number() {
    eat('-');
    if (!eat('0') && !digits()) return false;
    if (eat('.') && !digits()) return false;
    if (eat('e') || eat('E')) {
      if (!eat('+')) eat('-');
      return digits();
    }
    return true;
  }

  bool escape() {
    constexpr std::string_view kSingle = "\"\\/bfnrt";
    if (eat('u')) {
      for (int i = 0; i < 4; ++i, ++at_) {
        if (!is_hex(look())) return false;
      }
      return true;
    }
    if (at_ >= text_.size() || kSingle.find(text_[at_]) == kSingle.npos) return false;
    ++at_;
    return true;
  }

  bool text() {
    if (!eat('"')) return false;
    while (at_ < text_.size()) {
      if (eat('"')) return true;
      if (eat('\\')) {
        if (!escape()) return false;
        continue;
      }
      const std::size_t length = io::utf8_length(text_.substr(at_));
      if (length == 0 || static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      at_ += length;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<bool> open_;  // true: an object
};

}  // namespace

bool is_json(std::string_view text) { return Judge(text).judge(); }

}  // namespace rondo::api
