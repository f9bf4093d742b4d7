"""Both replays of `make demo`: how long, how good, beside the same hour last week. RONDO_FULL=1:
beside daily retraining too, which takes 20 minutes."""
import json
import os
import subprocess
import sys
import tempfile
import time

from common import BIKES, figure

FROM = "2011-03-02"
FAULT = "cnt=0 from 2011-10-28 to 2011-11-27"  # days 300 to 330
BROKEN = ("2011-10-28", "2011-12-12")          # days 300 to 345


def start_backtest(program, into, *words):
    return subprocess.Popen([program, "-C", BIKES, "backtest", "--from", FROM, "--into", into,
                             "--json", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def answer(process):
    out, err = process.communicate(timeout=3600)
    if process.returncode != 0:
        raise AssertionError(err)
    return json.loads(out)


def demo(program, folder):
    began = time.perf_counter()
    done = subprocess.run(["sh", os.path.join(BIKES, "demo.sh"), program, folder],
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0 or "Try next:" not in done.stdout:
        raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])
    return time.perf_counter() - began


def measure(program):
    with tempfile.TemporaryDirectory() as folder:
        yield figure("demo", "make demo after the build: all replays",
                     demo(program, os.path.join(folder, "demo")), "s", "<= 90")
        both = (start_backtest(program, os.path.join(folder, "a"), "--policy", "never,cron:7d,own"),
                start_backtest(program, os.path.join(folder, "b"), "--policy", "cron:7d,own",
                               "--fault", FAULT, "--window", "%s..%s" % BROKEN))
        whole, broken = [answer(process) for process in both]
    by = {one["policy"]: one for one in whole["policies"]}
    own = by["own"]
    week = sum(p["same_time_last_week"] * p["rows"] for p in own["periods"]) / sum(
        p["rows"] for p in own["periods"])
    yield figure("demo", "own policy, mean absolute error", own["value"], "bikes", "<= 45",
                 "same hour last week", week)
    yield figure("demo", "own policy, better than the same hour last week", own["value"] / week,
                 "ratio", "<= 1")
    yield figure("demo", "own policy, cycles", own["cycles"], "cycles", "<= 60", "cron:7d",
                 by["cron:7d"]["cycles"])
    yield figure("demo", "own against never", own["value"] / by["never"]["value"], "ratio", "<= 1")
    hurt = {one["policy"]: one["window"]["value"] for one in broken["policies"]}
    yield figure("demo", "broken source, days 300 to 345, own", hurt["own"], "bikes", "<= 62",
                 "cron:7d", hurt["cron:7d"])
    yield from beside_daily(program)


def beside_daily(program):
    if not os.environ.get("RONDO_FULL"):
        print("bench demo: beside daily retraining with RONDO_FULL=1 only", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        both = answer(start_backtest(program, os.path.join(folder, "c"), "--policy",
                                     "cron:1d,cost"))
    daily, cost = both["policies"]
    yield figure("demo", "policy cost to daily retraining: mean absolute error",
                 cost["value"] / daily["value"], "ratio", "<= 1.05")
    yield figure("demo", "  its cycles to theirs", cost["cycles"] / daily["cycles"], "ratio",
                 "<= 0.2", "cycles of daily retraining", daily["cycles"])
