"""What the benchmarks share: figures, projects, timings."""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

SOURCE = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
BIKES = os.path.join(SOURCE, "examples", "bikes")
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))


def figure(bench, what, ours, unit, must, anchor="", anchor_value=None):
    """`must` is "<= 90" or ">= 20000"; the figure holds if `ours` meets it."""
    sign, bound = must.split()
    holds = ours <= float(bound) if sign == "<=" else ours >= float(bound)
    ratio = ours / anchor_value if anchor_value else None
    return {"bench": bench, "what": what, "ours": round(ours, 4), "unit": unit, "anchor": anchor,
            "anchor_value": anchor_value, "ratio": ratio, "must": must, "holds": holds}


class Bikes:
    """The example in a folder of its own, with changed settings. Use as a context manager."""

    def __init__(self, program, replace=()):
        self.program = program
        self.folder = tempfile.mkdtemp(prefix="rondo-bench-")
        shutil.copy(os.path.join(BIKES, "hour.csv.gz"), self.folder)
        with open(os.path.join(BIKES, "rondo.toml")) as file:
            text = file.read()
        for old, new in replace:
            if old not in text:
                raise AssertionError("the example has no %r" % old)
            text = text.replace(old, new)
        with open(os.path.join(self.folder, "rondo.toml"), "w") as file:
            file.write(text)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *words, check=True):
        done = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True,
                              text=True, timeout=600)
        if check and done.returncode != 0:
            raise AssertionError("rondo %s: %s%s" % (" ".join(words), done.stdout[-2000:],
                                                    done.stderr[-2000:]))
        return done


@contextmanager
def made_project(settings):
    """A folder of its own with this rondo.toml."""
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
        with open(os.path.join(folder, "rondo.toml"), "w") as out:
            out.write(settings)
        yield folder


def told(program, folder, *words):
    """What the program says of this project, without an error."""
    done = subprocess.run([program, "-C", folder, *words], capture_output=True, text=True,
                          timeout=3600)
    if done.returncode != 0:
        raise AssertionError("rondo %s: %s%s" % (" ".join(words), done.stdout[-2000:],
                                                done.stderr[-2000:]))
    return done.stdout


def peer_says(bench, name, pins, code, *words, cwd=None, limit=3600):
    """What a program of another project prints last, as JSON; its packages, pinned, are installed
    under build/bench/BENCH. None where it cannot be had: a bench says so and goes on."""
    home = os.path.join(SOURCE, "build", "bench", bench)
    python, stamp = os.path.join(home, "bin", "python"), os.path.join(home, "pins")
    try:
        if not os.path.exists(stamp) or open(stamp).read() != repr(pins):
            subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True,
                           capture_output=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *pins], check=True,
                           capture_output=True, timeout=1800)
            with open(stamp, "w") as file:
                file.write(repr(pins))
        done = subprocess.run([python, "-W", "ignore", "-c", code, *words], cwd=cwd, text=True,
                              capture_output=True, check=True, timeout=limit)
        return json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        print("bench %s: without %s: %s" % (bench, name, error), file=sys.stderr, flush=True)
        return None


def timed(call):
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


def median_time(call, times):
    return statistics.median(timed(call)[0] for _ in range(times))


def sync_ms(folder, times=200):
    """The median of one write of 4 KiB with fdatasync, the least that a durable commit costs."""
    spent = []
    path = os.path.join(folder, "sync")
    handle = os.open(path, os.O_CREAT | os.O_WRONLY, 0o644)
    try:
        for number in range(times):
            os.pwrite(handle, b"x" * 4096, 4096 * number)
            began = time.perf_counter()
            os.fdatasync(handle)
            spent.append(time.perf_counter() - began)
    finally:
        os.close(handle)
        os.remove(path)
    return 1e3 * statistics.median(spent)
