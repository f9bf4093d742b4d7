"""Inputs that drift and inputs that do not: notices without a shift, hours until one is told, and
what watching costs (bench/shifts.cc). RONDO_FULL=1 watches a whole year."""
import json
import os
import subprocess

from common import figure, peer_says

PINS = ("nannyml==0.13.1", "statsmodels", "pandas==2.3.3")
# What NannyML takes to know a reference, and to estimate six metrics: least of three turns each.
PEER = r"""
import json, time
import numpy, pandas, nannyml
chance = numpy.random.default_rng(1)
count = 1_000_000
rows = pandas.DataFrame({"x%d" % k: chance.normal(size=count) for k in range(20)})
scored = pandas.DataFrame({"p": chance.uniform(size=count)})
scored["answer"] = (scored["p"] >= .5).astype(int)
scored["y"] = (chance.uniform(size=count) < scored["p"]).astype(int)

def least(call):
    spent = []
    for _ in range(3):
        began = time.perf_counter()
        call()
        spent.append(time.perf_counter() - began)
    return min(spent)

frozen = least(lambda: nannyml.UnivariateDriftCalculator(column_names=list(rows.columns)).fit(rows))
cbpe = nannyml.CBPE(y_pred_proba="p", y_pred="answer", y_true="y", chunk_number=10,
                    problem_type="classification_binary",
                    metrics=["roc_auc", "f1", "precision", "recall", "specificity", "accuracy"])
cbpe.fit(scored.head(100_000))
print(json.dumps({"freeze": frozen, "estimates": least(lambda: cbpe.estimate(scored))}))
"""


def measure(program):
    inner = [os.path.join(os.path.dirname(program), "bench_shifts")]
    if os.environ.get("RONDO_FULL"):
        inner.append("--full")
    said = json.loads(subprocess.run(inner, capture_output=True, text=True, check=True).stdout)
    days = said["days"]
    yield figure("shifts", "notices in %d days x 100 columns with seasons, no shift" % days,
                 said["seasonal_notices"], "", "<= 1")
    yield figure("shifts", "notices of 6 columns without seasons, no shift",
                 said["even_notices"], "", "<= 0")
    yield figure("shifts", "signals of quality in the same streams", said["quality_signals"], "",
                 "<= 0")
    rows, alarms = said["classifier_rows"], said["classifier_alarms"]
    yield figure("shifts", "rows a false alarm of the betting classifier, %d in %.1f million" %
                 (alarms, rows / 1e6), rows / max(alarms, 1), "rows", ">= 20000")
    yield figure("shifts", "a shift of .2 deviations, one column, no seasons: windows until told",
                 said["even_fifth"], "h", "<= 3")
    yield figure("shifts", "the same among 100 columns", said["even_fifth_of_100"], "h", "<= 4")
    yield figure("shifts", "a shift of .5 deviations among 100 columns with seasons",
                 said["seasonal_half"], "h", "<= 14")
    yield figure("shifts", "a shift of .2 deviations among 100 columns with seasons",
                 said["seasonal_fifth"], "h", "<= 64")
    yield figure("shifts", "watching a row of 20 columns, windows of 1,000 rows", said["us_a_row"],
                 "us", "<= 2")
    yield figure("shifts", "  99th percentile over 720 windows", said["us_a_row_p99"], "us", "<= 2")
    yield figure("shifts", "a watched model in memory, reference and watcher, 20 columns",
                 said["model_bytes"] / 1e6, "MB", "<= 1")
    yield figure("shifts", "what is remembered between windows, 20 columns",
                 said["state_bytes"] / 1e6, "MB", "<= 1")
    peer = peer_says("shifts", "NannyML", PINS, PEER)
    beside = {name: ("NannyML", peer[name]) if peer else ("", None)
              for name in ("estimates", "freeze")}
    yield figure("shifts", "six metrics of 1,000,000 rows without their labels",
                 said["estimates_s"], "s", "<= 0.5", *beside["estimates"])
    yield figure("shifts", "freezing the reference of 1,000,000 rows x 20 columns",
                 said["freeze_s"], "s", "<= 0.2", *beside["freeze"])
