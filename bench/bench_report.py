"""The report of a project that lived a year: hourly windows of 200 columns. How long it takes to
write, what it weighs, and how soon a browser shows it (build/browser, which `make test-browser`
makes). The right answer: the picture holds a place for each window and column."""
import base64
import json
import os
import random
import re
import subprocess
import time

from bench_console import MODULES
from common import SOURCE, figure, made_project, told

COLUMNS, HOURS, A_WINDOW, TRAINED = 200, 365 * 24, 20, 30 * 24
TOML = """[project]
name = "year"
target = "y"

[collect]
source = "rows.csv"
time = "at"

[train]
budget = "1 candidate"
rounds = 20

[monitor]
label_delay = "1d"

[loop]
policy = "never"
"""


def write_year(path):
    from datetime import datetime, timedelta
    chance, start = random.Random(3), datetime(2023, 12, 1)
    pool = ["%d" % (10 * chance.gauss(0, 1)) for _ in range(50_000)]  # short ones, a small file
    with open(path, "w") as out:
        out.write("at,%s,y\n" % ",".join("column_%d" % i for i in range(COLUMNS)))
        for hour in range(TRAINED + HOURS):
            for row in range(A_WINDOW):
                at = start + timedelta(hours=hour, minutes=row * 60 // A_WINDOW)
                first = chance.randrange(len(pool) - COLUMNS)
                values = pool[first:first + COLUMNS]
                out.write("%s,%s,%.3f\n" % (at, ",".join(values), float(values[0]) / 3
                                            + chance.gauss(0, 1)))


def size_of_picture(page):
    """Width and height of the picture of columns by window, from the head of its PNG."""
    text = re.search(r'alt="columns by window" src="data:image/png;base64,([^"]{64})', page)
    head = base64.b64decode(text.group(1))
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def measure(program):
    with made_project(TOML) as folder:
        write_year(os.path.join(folder, "rows.csv"))
        past = os.path.join(folder, "past")
        told(program, folder, "replay", "--into", past, "--from", "2023-12-31")
        path = os.path.join(folder, "report.html")
        began = time.perf_counter()
        told(program, past, "report", "-o", path)
        yield figure("report", "a year of hours x 200 columns, written",
                     time.perf_counter() - began, "s", "<= 1")
        with open(path) as file:
            page = file.read()
        wide, high = size_of_picture(page)
        if wide < HOURS - 48 or high < COLUMNS:
            raise AssertionError("the picture has %d x %d places" % (wide, high))
        yield figure("report", "its size", len(page) / 1e6, "MB", "<= 5")
        if not os.path.isdir(MODULES):
            print("report: no browser; `make test-browser` makes build/browser")
            return
        done = subprocess.run(["node", os.path.join(SOURCE, "bench", "report.mjs"), MODULES, path],
                              capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise AssertionError(done.stderr[-2000:])
        said = json.loads(done.stdout)
        yield figure("report", "opened in a browser, its picture decoded and painted",
                     said["opened_ms"] / 1e3, "s", "<= 1")
