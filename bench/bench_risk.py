"""A risk that rises and one that does not (bench/risk.cc), beside the classic detectors of river
with their defaults on the same kind of stream: rows until an alarm after .10 became .12, .15 or
.20, and false alarms in a million rows. RONDO_FULL=1 watches 50,000,000 rows."""
import json
import os
import subprocess

from common import figure, peer_says

PINS = ("river==0.22.0",)
PEER = """
import json, random, statistics, time
from river import drift
from river.drift import binary
KINDS = {"ADWIN": drift.ADWIN, "Page-Hinkley": drift.PageHinkley, "KSWIN": drift.KSWIN,
         "DDM": binary.DDM, "EDDM": binary.EDDM, "HDDM_A": binary.HDDM_A, "HDDM_W": binary.HDDM_W}
RUNS, RISES, MOST = 11, 10000, 40000
out = {}
for name, make in KINDS.items():
    runs = 3 if name == "KSWIN" else RUNS
    said = {}
    for after in (0.12, 0.15, 0.20):
        rows, false, quiet = [], 0, 0
        for run in range(runs):
            chance, detector = random.Random(run), make()
            for i in range(RISES):
                detector.update(chance.random() < 0.10)
                false += detector.drift_detected
            quiet += RISES
            until = MOST
            for i in range(MOST):
                detector.update(chance.random() < after)
                if detector.drift_detected:
                    until = i + 1
                    break
            rows.append(until)
        said[str(after)] = statistics.median(rows)
    said["false"] = 1e6 * false / quiet
    out[name] = said
print(json.dumps(out))
"""


def measure(program):
    inner = [os.path.join(os.path.dirname(program), "bench_risk")]
    if os.environ.get("RONDO_FULL"):
        inner.append("--full")
    said = json.loads(subprocess.run(inner, capture_output=True, text=True, check=True).stdout)
    peers = peer_says("risk", "river", PINS, PEER) or {}
    millions = said["rows"] / 1e6
    yield figure("risk", "false alarms per 1,000,000 rows, of %d million" % millions,
                 said["false"] / millions, "", "<= 1")
    for after, key, most in (("0.12", "to_12", 3500), ("0.15", "to_15", 800),
                             ("0.2", "to_20", 260)):
        adwin = peers.get("ADWIN", {}).get(after)
        yield figure("risk", "rows until an alarm, .10 becomes %s, median" % after.lstrip("0"),
                     said[key], "rows", "<= %d" % most, "ADWIN" if adwin else "", adwin)
    for name, one in peers.items():
        yield figure("risk", "  %s: false alarms a million; rows to .12, .15, .2: %d, %d, %d" %
                     (name, one["0.12"], one["0.15"], one["0.2"]), one["false"], "", ">= 0")
    yield figure("risk", "a judged row", said["ns"], "ns", "<= 2000")
