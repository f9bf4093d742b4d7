"""Elec2, the market of New South Wales, in the protocol of stream learning: each half hour is
answered before its label is known, from a tenth of the rows on. The loop trains, deploys and
watches by itself. Who repeats the last label is right in 85.5 % of these rows; the best stream
learner that was published reaches 90.6 %. Beside it what a day of delay of the labels does. (Of the
columns alone no model is deployed: the gate keeps out what is no better than the last label.)

Needs ../shared/data and is left out aloud without it.
"""
import json
import os
import shutil
import sys
import time

from common import SOURCE, figure, made_project, told

DATA = os.path.join(SOURCE, "..", "shared", "data", "elec2", "elec2.csv")
FROM = "2000-04-04"  # 94 of 944 days; the column `date` only orders, so days begin in 2000
TOML = """[project]
name = "elec2"
target = "class"

[collect]
source = "elec2.csv"
time = "date"

[prepare]
ignore = ["date"]
%s
[train]
budget = "1 candidate"

[evaluate]
metric = "accuracy"

[monitor]
label_delay = "%s"

[loop]
policy = "performance"
"""
# The price against its mean of a day is what the label tells; both are known when a row is.
LAGS = """
[[prepare.lag]]
column = "class"
by = "%s"

[[prepare.lag]]
column = "class"
by = "48h"

[[prepare.window]]
column = "nswprice"
over = "24h"
take = ["mean"]
"""


def replayed(program, lags, delay):
    """Seconds, and what the replay tells of its answers."""
    with made_project(TOML % (lags, delay)) as folder:
        shutil.copy(DATA, folder)
        began = time.perf_counter()
        said = told(program, folder, "replay", "--into", os.path.join(folder, "past"), "--from",
                    FROM, "--json")
        return time.perf_counter() - began, json.loads(said)


def measure(program):
    if not os.path.exists(DATA):
        print("bench elec2: without ../shared/data", file=sys.stderr)
        return
    for name, lags, delay, least, known in (
            ("lags, labels at once", LAGS % "30m", "0s", ">= 0.915", 0.855),
            ("lags, labels a day late", LAGS % "24h", "1d", ">= 0.9", 0.656)):
        spent, said = replayed(program, lags, delay)
        yield figure("elec2", "%s: share of right answers, %d cycles" % (name, said["cycles"]),
                     1 - said["value"], "", least, "the last known label", known)
        yield figure("elec2", "  its %d rows lived through" % said["rows"], spent, "s", "<= 120")
