"""`rondo predict` on a CSV of 30 columns of numbers with a model of 100 trees of 31 leaves: rows a
second from file to file, and the most memory that it took. The rows repeat, so the answers must;
the first are those that the server gives."""
import os
import subprocess
import time

from bench_start import Up
from bench_wide import SETTINGS, Wide
from common import figure
from project import ask

TIMES, TURNS, CHECKED = 25, 3, 500


class Narrower(Wide):
    def configure(self, deploy):
        with open(os.path.join(self.folder, "rondo.toml"), "w") as file:
            file.write(SETTINGS.replace("rounds = 500", "rounds = 100") % deploy)

    def __enter__(self):
        Wide.prepare(self)
        return self


def repeat(folder, times):
    """Gives the number of rows of long.csv."""
    with open(os.path.join(folder, "wide.csv")) as file:
        head, rows = file.read().split("\n", 1)
    with open(os.path.join(folder, "long.csv"), "w") as file:
        file.write(head + "\n")
        for _ in range(times):
            file.write(rows)
    return rows.count("\n")


def spent(model):
    """(seconds, peak in MB) of one run."""
    began = time.perf_counter()
    process = subprocess.Popen([model.program, "predict", "long.csv", "-o", "long.out"],
                               cwd=model.folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def check(model, rows):
    with open(os.path.join(model.folder, "long.out")) as file:
        lines = file.read().splitlines()[1:]
    assert len(lines) == rows * TIMES, len(lines)
    said = [line.split(",")[1] for line in lines]
    for time_ in range(1, TIMES):
        assert said[:rows] == said[time_ * rows:(time_ + 1) * rows], "the answers do not repeat"
    asked = [{"x%d" % i: float(text) for i, text in enumerate(texts)}
             for texts in model.rows[:CHECKED]]
    with Up(model) as up:
        status, answer = ask(up.base, "/api/v1/predict", {"rows": asked})
        assert status == 200, answer
    assert [one["value"] for one in answer["predictions"]] == [float(x) for x in said[:CHECKED]]


def measure(program):
    with Narrower(program) as model:
        rows = repeat(model.folder, TIMES)
        runs = [spent(model) for _ in range(TURNS)]
        check(model, rows)
        seconds = sorted(run[0] for run in runs)[TURNS // 2]
        yield figure("predict", "rows/s of %s rows of 30 numbers, 100x31, %d cores"
                     % ("{:,}".format(rows * TIMES), len(os.sched_getaffinity(0))),
                     rows * TIMES / seconds, "rows/s", ">= 1000000")
        yield figure("predict", "the most memory that it took", max(run[1] for run in runs), "MB",
                     "<= 200")
