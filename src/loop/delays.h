// What the collections of a project tell of the delays that rondo.toml declares. Training reads the
// past of a row as of its time plus the delay; where rows really come later it reads what a request
// cannot know yet.
#pragma once

#include "loop/dataset_views.h"

namespace rondo::loop {

/// A sentence if the newest row was older than `delay` each time that rows came in: after the first
/// version, which brings history, in the newest 20, when they are 3 at least. `key` names the
/// setting. Pure.
std::optional<std::string> delay_remark(const std::vector<DatasetVersion>& versions, Span delay,
                                        const std::string& key);

/// A sentence if under 95 % of these labels, 100 at least, came within `declared`; it names the
/// delay that would have done. `ages`: from prediction time to arrival, of the labels that came;
/// what has none yet is not in there, so the truth may be later still. Pure.
std::optional<std::string> label_remark(std::vector<Span> ages, Span declared);

/// Of the labels (the newest 2,000), of the rows and of each other table of a project; none where
/// nothing was collected. Errors: kIo, kCorrupt. Cost: the prediction log is read once, when there
/// are labels.
Result<std::vector<std::string>> delay_remarks(const io::Path& project, const Config& config);

}  // namespace rondo::loop
