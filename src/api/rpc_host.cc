// Requests made of calls, answers read from replies.
#include "api/rpc_host.h"

#include <fmt/format.h>

#include "api/gate.h"
#include "api/house.h"
#include "api/inline_limit.h"
#include "api/target.h"
#include "base/clock.h"
#include "base/worker.h"
#include "io/json.h"

namespace rondo::api {
namespace {

RpcOutcome outcome_of(const Admission& admission, const Response& response) {
  RpcOutcome out;
  if (response.status == 200) return out;
  const auto said = io::parse_json(response.body, "an error");
  out.status = response.status;
  out.message = said ? io::get_or<std::string>(*said, "error", response.body) : response.body;
  out.too_much = admission.shed.has_value();
  for (const auto& [name, value] : response.headers) {
    if (name == "Retry-After") out.again_after_s = std::stoll(value);
  }
  return out;
}

/// A request on its way. It lives on the heap where a worker or the log takes it on.
struct Work {
  Request request;
  std::string target;
  std::optional<Admission> admission;
};

class RealRpcHost : public RpcHost {
 public:
  RealRpcHost(App& app, Pool& pool, const RpcPlaces& places, const TlsFiles* tls)
      : app_(app), pool_(pool), places_(places), rooms_(places.threads), tls_(tls) {}

  void begin_to_answer() override { answer_first(); }

  void infer(std::size_t thread, const RpcCaller& who, const RpcInfer& asked,
             const Then& then) override {
    Work& work = begin(thread, who);
    work.target = "/v2/models/";
    work.target += encoded(asked.model);
    if (!asked.version.empty()) {
      work.target += "/versions/";
      work.target += encoded(asked.version);
    }
    work.target += "/infer";
    Request& request = work.request;
    request.method = Method::kPost;
    request.target = work.target;
    request.rpc = &asked;
    request.headers.push_back({"Content-Type", "application/octet-stream"});
    run(thread, [then](Work& by, Response&& response) {
      then(outcome_of(*by.admission, response), response.rpc ? *response.rpc : RpcAnswer());
    });
  }

  void ask(std::size_t thread, const RpcCaller& who, const std::string& path,
           const std::string* body, const Said& said) override {
    Work& work = begin(thread, who);
    work.target = path;
    Request& request = work.request;
    request.method = body == nullptr ? Method::kGet : Method::kPost;
    request.target = work.target;
    if (body != nullptr) {
      request.body = *body;
      request.headers.push_back({"Content-Type", "application/json"});
    }
    run(thread, [said](Work& by, Response&& response) {
      said(outcome_of(*by.admission, response), response.body);
    });
  }

  bool ready() override { return is_ready(app_); }

  bool connected() override {
    if (app_.rpc_connections.next() < places_.connections_max) return true;
    app_.rpc_connections.sub();
    app_.scratch(places_.first).numbers.with([](Numbers& numbers) {
      ++numbers.shed[static_cast<std::size_t>(Shed::kConnections)];
    });
    return false;
  }
  void disconnected() override { app_.rpc_connections.sub(); }

  bool renew(RpcPair& known) override {
    if (tls_ == nullptr) return false;
    const auto pair = tls_->pair();
    if (pair->number == known.number) return false;
    known = {pair->number, pair->chain, pair->key};
    return true;
  }

 private:
  /// What one thread keeps from call to call.
  struct Room {
    std::shared_ptr<Work> work;
    InlineLimit inline_limit;
  };

  Work& begin(std::size_t thread, const RpcCaller& who) {
    std::shared_ptr<Work>& work = rooms_[thread].work;
    if (!work) work = std::make_shared<Work>();
    work->admission.reset();
    Request& request = work->request;
    request.clear();
    request.local = who.local;
    request.headers.push_back({"Host", "localhost"});  // no browser speaks gRPC
    if (!who.authorization.empty()) {
      request.headers.push_back({"Authorization", who.authorization});
    }
    if (!who.token.empty()) request.headers.push_back({"Rondo-Token", who.token});
    if (!who.dry_run.empty()) request.headers.push_back({"Rondo-Dry-Run", who.dry_run});
    if (!who.split_key.empty()) request.headers.push_back({"Rondo-Split-Key", who.split_key});
    return *work;
  }

  /// Has the thread's request answered, here or by a worker, and calls finish(work, response).
  template <class Finish>
  void run(std::size_t thread, const Finish& finish) {
    Room& room = rooms_[thread];
    Work& work = *room.work;
    App& app = app_of(work.request);
    const std::int64_t before = monotonic_us();
    work.admission.emplace(admit(app, work.request, {work.request.size(), false}, before));
    if (!is_quick(*work.admission, work.request, room.inline_limit.bytes())) {
      return hand_to_pool(app, std::move(room.work), finish);
    }
    Scratch& scratch = app.scratch(places_.first + thread);
    Response response = answer(app, scratch, *work.admission, work.request);
    const Route* route = work.admission->route;
    if (response.status == 200 && route->manners.where == Where::kBySize) {
      room.inline_limit.note(work.request.size(), monotonic_us() - before);
    }
    if (!response.kept) return finish(work, std::move(response));
    wait_until_kept(app, scratch, std::move(room.work), std::move(response), finish);
  }

  template <class Finish>
  void hand_to_pool(App& app, std::shared_ptr<Work> work, const Finish& finish) {
    Admission& admission = *work->admission;
    admission.posted_us = monotonic_us();
    const bool sheds = admission.route->manners.load == Load::kShed;
    const std::size_t all = std::numeric_limits<std::size_t>::max();
    const auto task = [this, &app, work, finish](std::size_t worker) {
      Scratch& scratch = app.scratch(places_.first_pool + worker);
      Response response = answer(app, scratch, *work->admission, work->request);
      if (!response.kept) return finish(*work, std::move(response));
      wait_until_kept(app, scratch, work, std::move(response), finish);
    };
    if (pool_.post(task, sheds ? app.limits().queue_max : all)) return;
    finish(*work, queue_is_full(app, app.scratch(places_.first), admission));
  }

  /// The log's thread tells that the records of the answer are on disk, or cannot be.
  template <class Finish>
  static void wait_until_kept(App& app, Scratch& scratch, std::shared_ptr<Work> work,
                              Response&& response, const Finish& finish) {
    const std::shared_ptr<Kept> kept = response.kept;
    kept->wait([&app, &scratch, work, finish,
                waiting = std::make_shared<Response>(std::move(response))](bool good) {
      finish(*work, settled(app, scratch, *work->admission, std::move(*waiting), good));
    });
  }

  App& app_of(Request& request) {
    return app_.house == nullptr ? app_ : app_.house->choose(app_, request);
  }

  App& app_;
  Pool& pool_;
  RpcPlaces places_;
  std::vector<Room> rooms_;
  const TlsFiles* tls_;
};

}  // namespace

std::unique_ptr<RpcHost> make_rpc_host(App& app, Pool& pool, const RpcPlaces& places,
                                       const TlsFiles* tls) {
  return std::make_unique<RealRpcHost>(app, pool, places, tls);
}

}  // namespace rondo::api
