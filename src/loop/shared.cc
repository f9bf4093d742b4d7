// Waiting for each other, and for nothing else.
#include "loop/shared.h"

#include <algorithm>

#include "loop/replay_world.h"
#include "loop/reproduce.h"

namespace rondo::loop {
namespace {

constexpr Span kLookAtStop = Span::millis(100);

}  // namespace

SharedJobs::Turn::~Turn() {
  if (jobs_ == nullptr) return;
  jobs_->places_.change([&](auto& places) { places[key_].taken = false; });
}

void SharedJobs::Turn::finish(SharedJob job) {
  jobs_->places_.change([&](auto& places) { places[key_].made = std::move(job); });
}

Result<std::variant<SharedJob, SharedJobs::Turn>> SharedJobs::ask(const Json& keyed,
                                                                  const Stop& stop) {
  const std::string key = io::sha256(io::canonical(portable(keyed))).hex();
  const auto free = [&](auto& places) { return places[key].made || !places[key].taken; };
  while (!stop.requested()) {
    bool ours = false;
    std::optional<SharedJob> made;
    places_.wait(kLookAtStop, free, [&](auto& places) {
      Place& place = places[key];
      made = place.made;
      ours = !made && !place.taken;
      place.taken = place.taken || ours;
    });
    if (made) return std::variant<SharedJob, Turn>(*std::move(made));
    if (ours) return std::variant<SharedJob, Turn>(std::in_place_type<Turn>, *this, key);
  }
  return fail(Code::kCancelled, "stopped while another replay did the same work");
}

std::size_t SharedJobs::cores_each() const {
  return cores() / std::clamp<std::size_t>(going_.get(), 1, cores());
}

Result<std::shared_ptr<const Recording>> Shared::recording(
    const std::function<Result<Recording>()>& read) {
  return recording_.with([&](auto& kept) -> Result<std::shared_ptr<const Recording>> {
    if (!kept) kept = std::make_shared<const Recording>(TRY(read()));
    return kept;
  });
}

}  // namespace rondo::loop
