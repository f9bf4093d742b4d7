// A reader by recursive descent of at most 64 levels. Numbers are big-endian, as the format has it.
#include "model/ubjson.h"

#include <bit>
#include <cmath>

namespace rondo::model {
namespace {

constexpr int kDeepest = 64;

class UbjsonReader {
 public:
  explicit UbjsonReader(std::string_view bytes) : bytes_(bytes) {}
  Result<Json> document() {
    Json value = TRY(this->value(TRY(marker()), 0));
    if (at_ != bytes_.size()) return refuse("bytes are left over behind the document");
    return value;
  }

 private:
  std::unexpected<Error> refuse(const std::string& what) const {
    return fail(Code::kInvalidInput, "UBJSON, byte " + std::to_string(at_) + ": " + what);
  }
  std::size_t left() const { return bytes_.size() - at_; }
  /// The next marker that is no filler.
  Result<char> marker() {
    while (at_ < bytes_.size() && bytes_[at_] == 'N') ++at_;
    if (left() == 0) return refuse("it ends within a value");
    return bytes_[at_++];
  }
  template <class T>
  Result<T> big_endian() {
    if (left() < sizeof(T)) return refuse("it ends within a number");
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bits = bits << 8 | static_cast<unsigned char>(bytes_[at_++]);
    }
    if constexpr (sizeof(T) == 8) return std::bit_cast<T>(bits);
    if constexpr (sizeof(T) == 4) return std::bit_cast<T>(static_cast<std::uint32_t>(bits));
    if constexpr (sizeof(T) == 2) return std::bit_cast<T>(static_cast<std::uint16_t>(bits));
    return static_cast<T>(bits);
  }
  template <class T>
  Result<Json> number() {
    return Json(TRY(big_endian<T>()));
  }
  Result<std::size_t> count(char type) {
    const Json value = TRY(scalar(type));
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0) {
      return refuse("a length is no whole number from 0 on");
    }
    return static_cast<std::size_t>(value.get<std::int64_t>());
  }
  Result<std::string> text() {
    const std::size_t size = TRY(count(TRY(marker())));
    if (size > left()) return refuse("a text is longer than what is left");
    std::string out(bytes_.substr(at_, size));
    at_ += size;
    return out;
  }
  Result<Json> scalar(char type) {
    switch (type) {
      case 'Z': return Json();
      case 'T': return Json(true);
      case 'F': return Json(false);
      case 'i': return number<std::int8_t>();
      case 'U': return number<std::uint8_t>();
      case 'I': return number<std::int16_t>();
      case 'l': return number<std::int32_t>();
      case 'L': return number<std::int64_t>();
      case 'd': return number<float>();
      case 'D': return number<double>();
      case 'C': return Json(std::string(1, static_cast<char>(TRY(big_endian<std::uint8_t>()))));
      case 'S':
      case 'H': return Json(TRY(text()));
      default: break;
    }
    --at_;
    return refuse("there is no type of that letter here");
  }
  Result<Json> value(char type, int depth) {
    if (type != '[' && type != '{') return scalar(type);
    if (depth == kDeepest) return refuse("it is nested deeper than 64 levels");
    return type == '[' ? array(depth + 1) : object(depth + 1);
  }
  /// What stands behind a bracket: the type of all items, and how many there are.
  struct Head {
    char type = 0;
    bool counted = false;
    std::size_t count = 0;
  };
  Result<Head> head() {
    Head out;
    if (left() > 0 && bytes_[at_] == '$') {
      ++at_;
      out.type = TRY(marker());
      if (left() == 0 || bytes_[at_] != '#') return refuse("a type without a count");
    }
    if (left() == 0 || bytes_[at_] != '#') return out;
    ++at_;
    out.counted = true;
    out.count = TRY(count(TRY(marker())));
    // Items without bytes of their own would cost memory for nothing.
    if (out.type == 'Z' || out.type == 'T' || out.type == 'F' || out.type == 'N') {
      return refuse("items of that type have no bytes");
    }
    if (out.count > left()) return refuse("there are fewer bytes left than items");
    return out;
  }
  bool ends(const Head& head, std::size_t done, char closing) {
    if (head.counted) return done == head.count;
    while (left() > 0 && bytes_[at_] == 'N') ++at_;
    if (left() == 0 || bytes_[at_] != closing) return false;
    ++at_;
    return true;
  }
  Result<Json> array(int depth) {
    const Head head = TRY(this->head());
    Json out = Json::array();
    while (!ends(head, out.size(), ']')) {
      const char type = head.type != 0 ? head.type : TRY(marker());
      out.push_back(TRY(value(type, depth)));
    }
    return out;
  }
  Result<Json> object(int depth) {
    const Head head = TRY(this->head());
    Json out = Json::object();
    while (!ends(head, out.size(), '}')) {
      if (left() == 0) return refuse("it ends within an object");
      const std::string key = TRY(text());
      const char type = head.type != 0 ? head.type : TRY(marker());
      if (out.contains(key)) return refuse("the key \"" + key.substr(0, 40) + "\" comes twice");
      out[key] = TRY(value(type, depth));
    }
    return out;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Json> parse_ubjson(std::string_view bytes) { return UbjsonReader(bytes).document(); }

}  // namespace rondo::model
