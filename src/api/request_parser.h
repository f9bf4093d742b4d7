// Beast's parser with nothing behind it but views: fields point into the head, which the connection
// keeps, and the body is appended to a string that is used again and again, so that a request needs
// no memory of its own. Beast judges what is HTTP; head.h has judged the lines before.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <vector>

#include "api/http.h"

namespace rondo::api {

class RequestParser : public boost::beast::http::basic_parser<true> {
 public:
  /// Fields are added to `headers`, the body to `body`; both must live as long.
  RequestParser(std::vector<Header>& headers, std::string& body) : headers_(headers), body_(body) {}

  Method method() const { return method_; }
  std::string_view verb() const { return verb_; }
  std::string_view target() const { return target_; }
  int version() const { return version_; }  // 11 for HTTP/1.1

 private:
  using Error = boost::beast::error_code;
  using Text = boost::beast::string_view;

  static std::string_view view(Text text) { return {text.data(), text.size()}; }

  void on_request_impl(boost::beast::http::verb method, Text word, Text target, int version,
                       Error&) override {
    using boost::beast::http::verb;
    method_ = method == verb::get    ? Method::kGet
              : method == verb::head ? Method::kHead
              : method == verb::post ? Method::kPost
                                     : Method::kOther;
    verb_ = view(word);
    target_ = view(target);
    version_ = version;
  }
  void on_response_impl(int, Text, int, Error&) override {}
  void on_field_impl(boost::beast::http::field, Text name, Text value, Error&) override {
    headers_.push_back({view(name), view(value)});
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error&) override {
    constexpr std::uint64_t kMost = Request::kKeptBody;  // a mere announcement is worth no more
    if (length) body_.reserve(static_cast<std::size_t>(std::min(*length, kMost)));
  }
  std::size_t on_body_impl(Text part, Error&) override {
    body_ += view(part);
    return part.size();
  }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text part, Error&) override {
    body_ += view(part);
    return part.size();
  }
  void on_finish_impl(Error&) override {}

  std::vector<Header>& headers_;
  std::string& body_;
  Method method_ = Method::kOther;
  std::string_view verb_, target_;
  int version_ = 11;
};

}  // namespace rondo::api
