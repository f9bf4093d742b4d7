"""Starts: from a CSV to the first answer, `run` with nothing new, `status`, `up` until ready."""
import json
import subprocess
import time

from common import BIKES, Bikes, figure, median_time, timed
from project import ask

ROW = {"season": 1, "mnth": 1, "hr": 9, "holiday": 0, "weekday": 6, "workingday": 0,
       "weathersit": 1, "temp": 0.24, "atemp": 0.2879, "hum": 0.81, "windspeed": 0.0}


class Up:
    """`rondo up` of a project, on one core if that is said."""

    def __init__(self, project, core=None):
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        self.process = subprocess.Popen(
            [*pinned, project.program, "up", "--listen", "127.0.0.1:0"], cwd=project.folder,
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.base = line.split(" answers at ")[1].split(" ")[0]

    def __enter__(self):
        return self

    def memory_mb(self):
        with open("/proc/%d/status" % self.process.pid) as file:
            return int(file.read().split("VmRSS:")[1].split()[0]) / 1024

    def busy(self):
        """Whether its loop works on a step."""
        return not ask(self.base, "/api/v1/status")[1]["resting"]

    def __exit__(self, *what):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


def first_answer(bikes):
    bikes.run("run")
    with Up(bikes) as up:
        at = dict(ROW, _time="2013-01-01T09:00:00Z")
        status, said = ask(up.base, "/api/v1/predict", {"rows": [at]})
        assert status == 200 and 0 < said["predictions"][0]["value"] < 1000, said
        return time.perf_counter()


def ready(bikes):
    began = time.perf_counter()
    with Up(bikes) as up:
        while ask(up.base, "/health/ready")[0] != 200:
            pass
        return time.perf_counter() - began, up.memory_mb()


def measure(program):
    with Bikes(program) as bikes:
        began = time.perf_counter()
        served = first_answer(bikes) - began
        yield figure("start", "CSV to served: run on bikes, then the first answer", served, "s",
                     "<= 2")
        bikes.run("run")  # ends the watch that `up` left open
        said = bikes.run("run").stdout
        assert "nothing new" in said, said
        nothing = median_time(lambda: bikes.run("run"), 9)
        yield figure("start", "run with nothing new", 1e3 * nothing, "ms", "<= 20")
        version = median_time(lambda: bikes.run("version"), 9)
        yield figure("start", "a command that needs nothing (version)", 1e3 * version, "ms", "<= 5")
        times = sorted(ready(bikes) for _ in range(5))
        yield figure("start", "rondo up until ready", 1e3 * times[2][0], "ms", "<= 50")
        yield figure("start", "its memory then, DuckDB's pages for the lags in it",
                     max(memory for _, memory in times), "MB", "<= 40")
