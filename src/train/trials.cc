// One bundle a candidate, written at once; its checksum tells a damaged one.
#include "train/trials.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "io/bundle.h"

namespace rondo::train {
namespace {

Result<Tried> tried_from(std::string bytes) {
  const io::Bundle bundle = TRY(io::Bundle::decode(std::move(bytes)));
  Tried tried;
  tried.origin = TRY(io::get<std::string>(bundle.meta, "origin"));
  tried.growth = TRY(Growth::from_json(TRY(io::get<Json>(bundle.meta, "options"))));
  tried.loss = TRY(io::get<double>(bundle.meta, "loss"));
  tried.rounds = TRY(io::get<std::uint64_t>(bundle.meta, "rounds"));
  tried.terms = io::get_or<std::uint64_t>(bundle.meta, "terms", 0);
  tried.stored_rows = io::get_or<std::uint64_t>(bundle.meta, "stored_rows", 0);
  tried.stored_columns = io::get_or<std::uint64_t>(bundle.meta, "stored_columns", 0);
  tried.behind = TRY(io::get<bool>(bundle.meta, "behind"));
  tried.refit_us = TRY(io::get<std::int64_t>(bundle.meta, "refit_us"));
  tried.spent_us = TRY(io::get<std::int64_t>(bundle.meta, "spent_us"));
  const auto raw = TRY(bundle.f64("raw")), losses = TRY(bundle.f64("losses"));
  tried.raw.assign(raw.begin(), raw.end());
  tried.losses.assign(losses.begin(), losses.end());
  return tried;
}

}  // namespace

io::Path Trials::path(std::size_t number) const { return folder_ / fmt::format("{:06}", number); }

std::vector<Tried> Trials::read() const {
  std::vector<Tried> all;
  while (fs_ != nullptr) {
    const io::Path file = path(all.size());
    const auto there = fs_->stat(file);
    if (!there || !*there) break;
    auto bytes = fs_->read(file);
    if (!bytes) break;
    auto tried = tried_from(*std::move(bytes));
    if (!tried) break;
    all.push_back(*std::move(tried));
  }
  return all;
}

Result<void> Trials::keep(std::size_t number, const Tried& tried) const {
  if (fs_ == nullptr) return {};
  io::Bundle bundle;
  bundle.meta = {{"origin", tried.origin},   {"options", tried.growth.json()},
                 {"loss", tried.loss},       {"rounds", tried.rounds},
                 {"terms", tried.terms},     {"behind", tried.behind},
                 {"refit_us", tried.refit_us}, {"spent_us", tried.spent_us},
                 {"stored_rows", tried.stored_rows}, {"stored_columns", tried.stored_columns}};
  bundle.put_f64("raw", tried.raw);
  bundle.put_f64("losses", tried.losses);
  TRY(fs_->make_folders(folder_));
  RONDO_FAILPOINT(kTrialWrite);
  return io::write_atomically(*fs_, path(number), bundle.encode());
}

}  // namespace rondo::train
