// Labels as each form of a body has them: the same items, and mistakes named with their place.
#include <gtest/gtest.h>

#include "api/testing.h"

namespace rondo::api {
namespace {

/// Keeps the labels that came last.
class Labelled : public FakeService {
 public:
  using FakeService::FakeService;
  Result<loop::FeedbackResult> feedback(std::span<const loop::FeedbackItem> items) override {
    last.assign(items.begin(), items.end());
    return FakeService::feedback(items);
  }
  std::vector<loop::FeedbackItem> last;
};

class Feedback : public ::testing::Test {
 protected:
  Response say(const std::string& type, const std::string& body) {
    service_.last.clear();
    Asking asking{Method::kPost, "/api/v1/feedback", body};
    asking.headers = {{"Content-Type", type}, {"Rondo-Token", kAdminToken}};
    return ask(app_, asking);
  }
  /// "ID=LABEL" of each, "!" behind a correction, then its time.
  std::string taken() const {
    std::string out;
    for (const loop::FeedbackItem& item : service_.last) {
      out += (out.empty() ? "" : " ") + item.id + "=" + item.label.dump();
      if (item.correction) out += "!";
      if (item.time) out += to_text(*item.time);
    }
    return out;
  }

  Labelled service_{binary_pipeline()};  // classes DOWN and UP
  App app_{service_, {}, {}, 1};
};

TEST_F(Feedback, CsvIsTakenAsJsonIs) {
  const std::string expected = R"(a.0="UP" b.0=31 c.0=0.5!2012-01-31T08:00:00Z d,e="x\"y")";
  EXPECT_EQ(say("application/json", R"({"labels":[{"id":"a.0","label":"UP"},
      {"id":"b.0","label":31},
      {"id":"c.0","label":0.5,"correction":true,"time":"2012-01-31T08:00:00Z"},
      {"id":"d,e","label":"x\"y"}]})").status, 200);
  EXPECT_EQ(taken(), expected);
  EXPECT_EQ(say("text/csv; charset=utf-8",
                "\xEF\xBB\xBFlabel,id,correction,time\r\nUP,a.0,,\r\n31,b.0,false,\r\n\r\n"
                "0.5,c.0,True,2012-01-31T08:00:00Z\r\n,not known yet,,\r\n"
                "\"x\"\"y\",\"d,e\",,").status, 200);
  EXPECT_EQ(taken(), expected);
}

TEST_F(Feedback, ATextIsANumberUnlessItIsAClassThatANumberWouldLose) {
  EXPECT_EQ(say("text/csv", "id,label\na,7\nb,007\nc,1e3\nd,True\ne,nan\n").status, 200);
  EXPECT_EQ(taken(), R"(a=7 b="007" c=1000.0 d=true e="nan")");
}

TEST_F(Feedback, MistakesInCsvNameTheirPlace) {
  const struct {
    std::string body, says;
  } rows[] = {
      {"", "the CSV is empty"},
      {"id\nx\n", "lacks the column"},
      {"id,label,labels\nx,1,1\n", "\\\"labels\\\""},
      {"id,label,id\nx,1,y\n", "comes twice"},
      {"id,label\na,1\nb,2,3\n", "row 1 of the CSV has 3 fields, the header has 2"},
      {"id,label,time\na,1,soon\n", "row 0: \\\"time\\\""},
      {"id,label,correction\na,1,yes\n", "row 0: \\\"correction\\\""},
      {"id,label\na,\"1\n", "record 2"},
      {"id,label\na,caf\xe9\n", "iconv"},
  };
  for (const auto& row : rows) {
    const Response reply = say("text/csv", row.body);
    EXPECT_EQ(reply.status, 400) << row.body;
    EXPECT_NE(reply.body.find(row.says), std::string::npos) << reply.body;
  }
}

TEST_F(Feedback, CsvHasTheLimitsOfARequest) {
  Limits limits;
  limits.rows_max = 2;
  App app(service_, limits, {}, 1);
  Asking asking{Method::kPost, "/api/v1/feedback", "id,label\na,1\nb,1\n"};
  asking.headers = {{"Content-Type", "text/csv"}, {"Rondo-Token", kAdminToken}};
  EXPECT_EQ(ask(app, asking).status, 200);
  asking.body += "c,1\n";
  EXPECT_EQ(ask(app, asking).status, 413);
}

}  // namespace
}  // namespace rondo::api
