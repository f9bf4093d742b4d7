// The stage as tests call it: prepared data and options in, a candidate out, in a folder of its
// own.
#pragma once

#include "io/scratch.h"
#include "train/testing.h"
#include "train/train.h"

namespace rondo::train {

class StageRoom {
 public:
  StageRoom() : fs_(io::real_fs(io::Durability::kProcess)), objects_(fs_, scratch_ / "objects") {}

  ledger::StageInput input_for(const model::Prepared& prepared, const Options& options,
                               std::size_t rounds = 0) {
    ledger::StageInput input;
    input.options = {{"train", io::write_options(options)}, {"now", {{"rounds", rounds}}}};
    input.inputs["prepared"] = objects_.put(prepared.encode().value()).value();
    input.objects = &objects_;
    input.fs = fs_.get();
    input.out = scratch_ / ("out " + std::to_string(++runs_));
    fs_->make_folders(input.out).value();
    input.seed = Seed{1};
    return input;
  }
  std::string written(const ledger::StageInput& input, const ledger::StageOutput& output) {
    return fs_->read(input.out / output.files.at("candidate")).value();
  }
  model::Candidate candidate(const model::Prepared& prepared, const Options& options,
                             std::size_t rounds = 0) {
    const ledger::StageInput input = input_for(prepared, options, rounds);
    return model::Candidate::decode(written(input, run(input).value())).value();
  }

 private:
  io::Scratch scratch_;
  std::shared_ptr<io::Fs> fs_;
  ledger::Objects objects_;
  int runs_ = 0;
};

}  // namespace rondo::train
