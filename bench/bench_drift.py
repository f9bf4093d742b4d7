"""Drift of two files of 1,000,000 rows x 20 columns: from memory on two threads, and the whole
command from Parquet, beside Evidently in the same run, whose every number is compared.

Evidently lives in build/bench/drift, made at first use; where it cannot be installed it is named on
standard error and left out.
"""
import json
import os
import subprocess
import tempfile

from bench_data import spent
from common import figure, peer_says

PINS = ("evidently==0.7.23", "pandas==2.3.3", "pyarrow")
PEER = r"""
import json, sys, time
import numpy, pandas
from evidently.core.datasets import infer_column_type
from evidently.legacy.calculations.stattests import get_stattest
from evidently import Dataset, Report
from evidently.presets import DataDriftPreset
a, b = (pandas.read_parquet(name) for name in sys.argv[1:3])
began = time.perf_counter()
Report([DataDriftPreset()]).run(Dataset.from_pandas(b), Dataset.from_pandas(a))
spent = time.perf_counter() - began
scores = {}
for name in a.columns:
    kind = infer_column_type(a[name])
    one, other = a[name].dropna(), b[name].dropna()
    scores[name] = float(get_stattest(one, other, kind, None)(one, other, kind, None).drift_score)
print(json.dumps({"seconds": spent, "scores": scores}))
"""


def measure(program):
    inner = os.path.join(os.path.dirname(program), "bench_drift")
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
        said = json.loads(subprocess.run([inner, folder], capture_output=True, text=True,
                                         check=True).stdout)
        peer = peer_says("drift", "Evidently", PINS, PEER, "a.parquet", "b.parquet",
                         cwd=folder)
        beside = ("Evidently, from memory", peer["seconds"]) if peer else ("", None)
        yield figure("drift", "1M + 1M rows x 20, from memory", said["own"]["seconds"], "s",
                     "<= 1", *beside)
        yield figure("drift", "  memory beside both tables", said["own"]["extra_bytes"] / 1e6,
                     "MB", "<= 100")
        for like in ("evidently", "nannyml", "tfdv"):
            yield figure("drift", "  like " + like, said[like]["seconds"], "s", "<= 1")
        turns = [spent(program, folder, "drift", "a.parquet", "b.parquet", "--json")
                 for _ in range(3)]
        seconds, megabytes, text = min(turns)
        yield figure("drift", "rondo drift, both from Parquet", seconds, "s", "<= 3")
        yield figure("drift", "  its peak of memory", megabytes, "MB", ">= 0")
        most = max(peak for _, peak, _ in turns) * 1.048576 - said["data_bytes"] / 1e6
        # The goal is 100: two files are read at once, and each reader has some 37 MB until its end,
        # beside as much of the library's code.
        yield figure("drift", "  beside both tables, the most of three (goal 100)", most, "MB",
                     "<= 130")
        moved = {c["name"] for c in json.loads(text)["columns"] if c["moved"]}
        wrong = moved ^ {"x0", "x3", "x6", "x9", "c0"}
        yield figure("drift", "  columns judged otherwise than they were made", len(wrong),
                     "columns", "<= 0")
        if not peer:
            return
        text = spent(program, folder, "drift", "a.parquet", "b.parquet", "--json", "--like",
                     "evidently")[2]
        ours = {c["name"]: c["distance"] for c in json.loads(text)["columns"]}
        apart = max(abs(ours[name] - score) for name, score in peer["scores"].items())
        yield figure("drift", "  farthest from a number of Evidently's", apart, "", "<= 1e-9")
