"""Data Collection at size: a CSV of 10^6 rows and 20 columns becomes a dataset version and is
profiled, and another 10^6 rows are merged into it; rows are pushed by four clients. What comes out
follows from how the rows are made."""
import http.client
import json
import math
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from common import figure
from project import Project

ROWS, PERIOD, TURNS = 1_000_000, 1000, 3
NUMBERS = (1, 3, 7, 9, 11, 13, 17, 19, 21, 23, 27, 29)  # none shares a divisor with PERIOD
SETTINGS = """[project]
name = "large"
target = "y"

[collect]
source = "*.csv"
min_rows = 100000000
"""


def number(i, k):
    """Of each 1000 rows every value of 0, 1/8 .. 999/8 once."""
    return i * k % PERIOD / 8


def ending(i, more):
    """Of row i, all but its id: it repeats each 1000 rows. `more` is added to y."""
    cells = ["%g" % number(i, k) for k in NUMBERS]
    cells += ["abcde"[i % 5], "north south".split()[i % 2], "%d" % (i % 25), "%d" % (i % 8)]
    cells += ["" if i % 10 == 0 else "%d" % (i % 4), "" if i % 4 == 0 else "%g" % number(i, 31)]
    return ",".join(cells + ["%g" % (2 * number(i, 3) + more)])


def write(path, first=0, more=0, count=ROWS):
    endings = [ending(i, more) for i in range(PERIOD)]
    names = ["id"] + ["x%d" % k for k in NUMBERS] + ["letter", "side", "code", "day", "few", "gap"]
    with open(path, "w") as file:
        file.write(",".join(names + ["y"]) + "\n")
        for part in range(first, first + count, PERIOD):
            file.write("".join("%d,%s\n" % (part + i, endings[i]) for i in range(PERIOD)))


def spent(program, folder, *words):
    """(seconds, peak in MB, what was said) of one command."""
    with open(os.path.join(folder, "said"), "w+") as said:
        began = time.perf_counter()
        process = subprocess.Popen([program, *words], cwd=folder, stdout=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
        assert process.returncode == 0, (words, text)
        return seconds, usage.ru_maxrss / 1024, text


def check(profile):
    """Against what the formulas of the rows say."""
    assert profile["rows"] == ROWS
    columns = {column["name"]: column for column in profile["columns"]}
    assert columns["id"]["distinct"] == ROWS and columns["id"]["mean"] == (ROWS - 1) / 2
    # 0 .. m-1 equally often, in eighths: the mean is (m - 1) / 16, the squares m (m^2 - 1) / 768.
    deviation = math.sqrt((PERIOD ** 2 - 1) / 768 * ROWS / (ROWS - 1))
    for k in NUMBERS:
        x = columns["x%d" % k]
        assert (x["min"], x["max"], x["distinct"]) == (0, (PERIOD - 1) / 8, PERIOD), x
        assert abs(x["mean"] / ((PERIOD - 1) / 16) - 1) < 1e-14, x["mean"]
        assert abs(x["sd"] / deviation - 1) < 1e-12, x["sd"]
        assert x["quantiles"]["0.5"] == (PERIOD - 1) / 16
        assert x["histogram"]["counts"] == [ROWS // 20] * 20, x["histogram"]
    assert columns["few"]["missing"] == ROWS // 10 and columns["gap"]["missing"] == ROWS // 4
    assert columns["letter"]["top"] == [{"value": c, "count": ROWS // 5} for c in "abcde"]
    best = profile["correlations"][0]
    assert {best["a"], best["b"]} == {"x3", "y"} and abs(best["r"] - 1) < 1e-12, best


def once(program, folder):
    """(seconds, peak in MB) of collecting, committing and profiling."""
    shutil.rmtree(os.path.join(folder, ".rondo"), ignore_errors=True)
    collected = spent(program, folder, "run")
    assert "1,000,000 rows from rows.csv" in collected[2], collected[2]
    profiled = spent(program, folder, "data", "profile", "--json")
    check(json.loads(profiled[2]))
    return collected[0] + profiled[0], max(collected[1], profiled[1]), profiled[0]


def merged(program, rows=ROWS):
    """(seconds, peak in MB) of 10^6 rows half of which replace the last of `rows` others, and the
    same of the collection of these others."""
    with Project(program) as project:
        project.write("rondo.toml", SETTINGS + 'mode = "merge"\nkey = ["id"]\n')
        write(project.path("a.csv"), count=rows)
        before = spent(program, project.folder, "run")
        write(project.path("b.csv"), rows - ROWS // 2, 1000)
        seconds, peak, _ = spent(program, project.folder, "run")
        profile = project.json("data", "profile")
        columns = {column["name"]: column for column in profile["columns"]}
        whole = rows + ROWS // 2
        assert profile["rows"] == columns["id"]["distinct"] == whole, profile["rows"]
        mean = 2 * (PERIOD - 1) / 16 + 1000 * ROWS / whole
        assert abs(columns["y"]["mean"] / mean - 1) < 1e-12, columns["y"]["mean"]
        return seconds, peak, before


CLIENTS, REQUESTS, AT_ONCE = 4, 150, 100
PUSHED = """[project]
name = "pushed"
target = "y"

[collect]
source = "push"
key = ["id"]
min_rows = 100000000
"""


def client(base, token, number):
    """Pushes its own rows, one request after the other; each must be taken."""
    host = base.split("//")[1]
    connection = http.client.HTTPConnection(host, timeout=60)
    head = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    for part in range(REQUESTS):
        first = (number * REQUESTS + part) * AT_ONCE
        rows = [{"id": i, "y": i % 5, "kind": "ab"[i % 2], **{"x%d" % k: i * k % 97 / 8
                 for k in range(1, 18)}} for i in range(first, first + AT_ONCE)]
        connection.request("POST", "/api/v1/rows", json.dumps(rows), head)
        said = json.loads(connection.getresponse().read())
        assert said["accepted"] == AT_ONCE, said


def pushed(program):
    """Rows a second, each durable before its reply; all are collected, once each."""
    with Project(program) as project:
        project.write("rondo.toml", PUSHED)
        process, base = project.up()
        clients = [threading.Thread(target=client, args=(base, project.token(), number))
                   for number in range(CLIENTS)]
        began = time.perf_counter()
        for one in clients:
            one.start()
        for one in clients:
            one.join()
        seconds = time.perf_counter() - began
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        project.run("run", check=0)
        rows = CLIENTS * REQUESTS * AT_ONCE
        profile = project.json("data", "profile", "--column", "id")
        assert (profile["count"], profile["distinct"]) == (rows, rows), profile
        return rows / seconds


def measure(program):
    seconds, peak, _ = merged(program)
    yield figure("data", "10^6 x 20 rows merged into 10^6", seconds, "s", "<= 10")
    yield figure("data", "the most memory that it took", peak, "MB", "<= 1024")
    if os.environ.get("RONDO_FULL"):
        seconds, peak, before = merged(program, 10 * ROWS)
        yield figure("data", "10^7 x 20 CSV collected with a key", before[0], "s", "<= 60")
        yield figure("data", "the most memory that it took", before[1], "MB", "<= 1024")
        yield figure("data", "10^6 x 20 rows merged into 10^7", seconds, "s", "<= 60")
        yield figure("data", "the most memory that it took", peak, "MB", "<= 1024")
    yield figure("data", "rows pushed a second, durable, 100 a request, 4 clients",
                 pushed(program), "rows/s", ">= 20000")
    folder = tempfile.mkdtemp(prefix="rondo-bench-")
    try:
        write(os.path.join(folder, "rows.csv"))
        with open(os.path.join(folder, "rondo.toml"), "w") as file:
            file.write(SETTINGS)
        runs = sorted(once(program, folder) for _ in range(TURNS))
        yield figure("data", "10^6 x 20 CSV collected, committed, profiled", runs[TURNS // 2][0],
                     "s", "<= 5")
        yield figure("data", "the profile alone", sorted(run[2] for run in runs)[TURNS // 2], "s",
                     "<= 3")
        yield figure("data", "the most memory that it took", max(run[1] for run in runs), "MB",
                     "<= 1024")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
