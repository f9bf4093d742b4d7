"""Both replays of `make demo`: how long, how good, beside the same hour last week."""
import os
import subprocess
import tempfile
import json
import time

from common import BIKES, figure

FROM = "2011-03-02"
FAULT = "cnt=0 from 2011-10-28 to 2011-11-27"  # days 300 to 330
BROKEN = ("2011-10-28", "2011-12-12")          # days 300 to 345


def backtest(program, into, *words):
    began = time.perf_counter()
    done = subprocess.run([program, "-C", BIKES, "backtest", "--from", FROM, "--into", into,
                           "--json", *words], capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return time.perf_counter() - began, json.loads(done.stdout)


def measure(program):
    with tempfile.TemporaryDirectory() as folder:
        whole_s, whole = backtest(program, os.path.join(folder, "a"), "--policy",
                                  "never,cron:7d,own")
        broken_s, broken = backtest(program, os.path.join(folder, "b"), "--policy", "cron:7d,own",
                                    "--fault", FAULT, "--window", "%s..%s" % BROKEN)
    by = {one["policy"]: one for one in whole["policies"]}
    own = by["own"]
    week = sum(p["same_time_last_week"] * p["rows"] for p in own["periods"]) / sum(
        p["rows"] for p in own["periods"])
    yield figure("demo", "both replays of the demo", whole_s + broken_s, "s", "<= 90")
    yield figure("demo", "own policy, mean absolute error", own["value"], "bikes", "<= 45",
                 "same hour last week", week)
    yield figure("demo", "own policy, better than the same hour last week", own["value"] / week,
                 "ratio", "<= 1")
    yield figure("demo", "own policy, cycles", own["cycles"], "cycles", "<= 30", "cron:7d",
                 by["cron:7d"]["cycles"])
    yield figure("demo", "own against never", own["value"] / by["never"]["value"], "ratio", "<= 1")
    hurt = {one["policy"]: one["window"]["value"] for one in broken["policies"]}
    yield figure("demo", "broken source, days 300 to 345, own", hurt["own"], "bikes", "<= 62",
                 "cron:7d", hurt["cron:7d"])
