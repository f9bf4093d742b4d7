"""A million rows with count and mean of six windows over event time, compared with DuckDB's; what a
value that is learnt and a row that reads twelve cost a server."""
import json
import os
import subprocess

from common import figure


def measure(program):
    inner = os.path.join(os.path.dirname(program), "bench_windows")
    said = json.loads(subprocess.run([inner], capture_output=True, text=True, check=True).stdout)
    yield figure("windows", "means other than DuckDB's, of 1,000,000", said["wrong"], "rows",
                 "<= 0")
    yield figure("windows", "1,000,000 rows, 6 windows x count, mean",
                 said["apply_s"] + said["read_s"], "s", "<= 2", "DuckDB, as measured once", 3.2)
    yield figure("windows", "  of it learning the values", said["apply_s"], "s", ">= 0")
    yield figure("windows", "one more value", said["learn_us"], "us", "<= 2")
    yield figure("windows", "one row that reads 12", said["read_us"], "us", "<= 1")
