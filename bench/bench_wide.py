"""One row of 30 numbers against 500 trees of 31 leaves, the server on one core, the client on
another: requests a second and their times, beside a bare Beast handler that parses and answers the
same bytes, and FastAPI with uvicorn, in turns of one run."""
import json
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from bench_scoring import FOLDER, run, say
from bench_serving import ask_raw, load
from bench_start import Up
from common import figure

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "serving_fastapi.py")
PINS = ("fastapi==0.165.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0",
        "lightgbm==4.7.0", "numpy==2.4.6", "scipy==1.17.1")
COLUMNS, ROWS, BODIES, TURNS, SECONDS = 30, 40_000, 500, 3, 4
PATH = "/v2/models/wide/infer"
SETTINGS = """[project]
name = "wide"
target = "y"

[collect]
source = "wide.csv"

[train]
budget = "1 candidate"
rounds = 500

[loop]
cool_down = "0s"

[deploy]
threads = 1
%s
"""


def cores():
    """(the server's, the client's)"""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[-1]


class Wide:
    """A project with such a model, in a folder of its own."""

    def __init__(self, program, deploy=""):
        self.program, self.deploy = program, deploy

    def __enter__(self):
        self.prepare()
        said = json.loads(self.run("models", "--json").stdout)
        assert said[0]["trees"] == 500, said
        return self

    def prepare(self):
        self.held = tempfile.TemporaryDirectory(prefix="rondo-bench-")
        self.folder = self.held.name
        self.rows = write_rows(os.path.join(self.folder, "wide.csv"))
        self.configure(self.deploy)
        self.run("run")

    def __exit__(self, *what):
        self.held.cleanup()

    def configure(self, deploy):
        with open(os.path.join(self.folder, "rondo.toml"), "w") as file:
            file.write(SETTINGS % deploy)

    def run(self, *words):
        done = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True,
                              text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        return done


def row_of(chance):
    """(30 numbers, what is to be predicted from them), as texts"""
    row = [chance.gauss(0, 1) for _ in range(20)]
    row += [round(chance.gauss(0, 1) * 4) / 4 for _ in range(10)]
    value = chance.gauss(0, .3) + sum(
        math.sin(x * (1 + i % 3)) * (1 + i % 4) + x * row[(i + 7) % COLUMNS] * .3
        for i, x in enumerate(row))
    return ["%.6g" % x for x in row], "%.6g" % value


def write_rows(path):
    chance = random.Random(1)
    rows = [row_of(chance) for _ in range(ROWS)]
    with open(path, "w") as file:
        file.write(",".join("x%d" % i for i in range(COLUMNS)) + ",y\n")
        file.writelines(",".join([*texts, value]) + "\n" for texts, value in rows)
    return [texts for texts, _ in rows[:BODIES]]


def append_rows(path, count):
    chance = random.Random(2)
    lines = [",".join([*texts, value]) + "\n" for texts, value in
             (row_of(chance) for _ in range(count))]
    with open(path, "a") as file:
        file.writelines(lines)


def write_bodies(base, rows, path):
    """For infer.lua: each body with the answer that the server itself gives it, one by one."""
    with open(path, "w") as file:
        for texts in rows:
            body = json.dumps({"inputs": [{"name": "x", "shape": [1, COLUMNS], "datatype": "FP64",
                                           "data": [float(t) for t in texts]}]},
                              separators=(",", ":"))
            status, raw = ask_raw(base, PATH, body)
            assert status == 200, raw
            file.write("%s\t1 %s\n" % (body, raw.split('"data":[', 1)[1].split("]", 1)[0]))


class Process:
    """A peer on the server's core, until the end of the block."""

    def __init__(self, words, port):
        self.base = "http://127.0.0.1:%d" % port
        self.process = subprocess.Popen(["taskset", "-c", str(cores()[0]), *words],
                                        stdout=subprocess.DEVNULL)
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("%s does not answer" % words[0])

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.process.terminate()
        self.process.wait(30)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def fastapi(wide):
    """The words that start it, or None where it cannot be installed."""
    folder = os.path.join(FOLDER, "serving-venv")
    python, stamp = os.path.join(folder, "bin", "python"), os.path.join(folder, "pins")
    if not os.path.exists(stamp) or open(stamp).read() != repr(PINS):
        say("installs FastAPI and uvicorn in build/bench/serving-venv")
        os.makedirs(FOLDER, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        done = run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                   "--only-binary", ":all:", *PINS)
        if done.returncode != 0:
            say("absent: pip install %s failed: %s" % (" ".join(PINS), done.stderr[-300:]))
            return None
        with open(stamp, "w") as file:
            file.write(repr(PINS))
    model = os.path.join(wide.folder, "model.txt")
    subprocess.run([python, PEER, "train", os.path.join(wide.folder, "wide.csv"), model],
                   check=True)
    return [python, PEER, model]


def near(base, bodies):
    """The peer's model is another one of the same rows: its answers must be like ours."""
    ours, theirs = [], []
    with open(bodies) as file:
        for line in list(file)[:100]:
            body, want = line.rstrip("\n").split("\t")
            status, raw = ask_raw(base, PATH, body)
            assert status == 200, raw
            theirs.append(json.loads(raw)["outputs"][0]["data"][0])
            ours.append(float(want.split(" ")[1]))
    assert statistics.correlation(ours, theirs) > 0.9, "FastAPI's answers are not ours"


def timed(base, bodies, seconds=SECONDS, client=None):
    said = load(base, bodies, seconds, PATH, cores()[1] if client is None else client)
    assert said["errors"] == 0, said
    said["rate"] = said["requests"] / said["seconds"]
    return said


def median(turns, key):
    return statistics.median(said[key] for said in turns)


def measure(program):
    if len(os.sched_getaffinity(0)) < 2:
        say("a server and its client need two cores")
        return
    bare = os.path.join(os.path.dirname(program), "bench_bare")
    if not os.path.exists(bare):
        sys.exit("bench wide: %s is not built; `make bench` builds it" % bare)
    with Wide(program) as wide:
        bodies = os.path.join(wide.folder, "bodies")
        with Up(wide, core=cores()[0]) as up:
            write_bodies(up.base, wide.rows, bodies)
            checked = load(up.base, bodies, SECONDS, PATH, ways=["check"])
            yield figure("wide", "wrong answers and errors of %d" % checked["requests"],
                         checked["wrong"] + checked["errors"], "requests", "<= 0")
        peer = fastapi(wide)
        turns = {"rondo": [], "bare": [], "FastAPI": []}
        for _ in range(TURNS):
            with Up(wide, core=cores()[0]) as up:
                timed(up.base, bodies, 1)
                turns["rondo"].append(timed(up.base, bodies))
                memory = up.memory_mb()
            port = free_port()
            with Process([bare, str(port)], port) as one:
                timed(one.base, bodies, 1)
                turns["bare"].append(timed(one.base, bodies))
            if peer:
                port = free_port()
                with Process(peer + [str(port)], port) as one:
                    near(one.base, bodies)
                    turns["FastAPI"].append(timed(one.base, bodies))
        rate, yard = median(turns["rondo"], "rate"), median(turns["bare"], "rate")
        yield figure("wide", "500x31, 1 row of 30, 32 connections, 1 core, log on", rate, "req/s",
                     ">= 90000", *(("FastAPI", median(turns["FastAPI"], "rate")) if peer else ()))
        yield figure("wide", "their 99th percentile", median(turns["rondo"], "p99_ms"), "ms",
                     "<= 1", "bare Beast", median(turns["bare"], "p99_ms"))
        yield figure("wide", "of the bare handler's %d req/s, which scores and logs nothing" % yard,
                     rate / yard, "", ">= 0.85")
        yield figure("wide", "memory of the server after that load", memory, "MB", "<= 200")
        yield from training(wide, bodies)
    yield from costs(program)


SHADOW = """shadow_rows = 1000000000
guard_errors = 0.5
guard_latency = 1000
guard_loss = 0.5
"""


def costs(program):
    """What keeping the answers takes, and scoring them by a second version: requests a second, in
    turns of one run. Whether the answers are those of the first version is looked at too."""
    with Wide(program, SHADOW) as tried, Wide(program) as plain:
        append_rows(os.path.join(tried.folder, "wide.csv"), ROWS // 2)
        tried.run("run")
        rollout = json.loads(tried.run("status", "--json").stdout)["rollout"]
        assert rollout and rollout["challenger"] == 2, rollout
        turns = {"off": [], "on": [], "shadow": []}
        bodies = os.path.join(plain.folder, "bodies")
        for _ in range(TURNS):
            for name, wide, deploy in (("off", plain, "log = 0"), ("on", plain, ""),
                                       ("shadow", tried, SHADOW)):
                wide.configure(deploy)
                with Up(wide, core=cores()[0]) as up:
                    if not os.path.exists(bodies):
                        write_bodies(up.base, plain.rows, bodies)
                    checked = load(up.base, bodies, 1, PATH, ways=["check"])
                    assert checked["wrong"] + checked["errors"] == 0, checked
                    turns[name].append(timed(up.base, bodies))
        yield figure("wide", "requests a second with the log, of those without it",
                     median(turns["on"], "rate") / median(turns["off"], "rate"), "", ">= 0.9")
        yield figure("wide", "requests a second with a shadow, of those without it",
                     median(turns["shadow"], "rate") / median(turns["on"], "rate"), "",
                     ">= 0.95")


def training(wide, bodies):
    """Requests on all cores while the loop trains its next model on the same cores."""
    with Up(wide) as up:
        timed(up.base, bodies, 1, client="")
        quiet = [timed(up.base, bodies, SECONDS, client="") for _ in range(TURNS)]
        append_rows(os.path.join(wide.folder, "wide.csv"), ROWS // 2)  # a cycle is due at a tenth
        for _ in range(100):
            if up.busy():
                break
            time.sleep(0.1)
        busy = []
        while up.busy() and len(busy) < 8:
            busy.append(timed(up.base, bodies, 2, client=""))
        assert len(busy) >= 2, "the training was over too soon to be measured"
        yield figure("wide", "99th percentile while training, to that without",
                     median(busy[1:], "p99_ms") / median(quiet, "p99_ms"), "x", "<= 2")
        yield figure("wide", "errors meanwhile, of %d" % sum(s["requests"] for s in busy),
                     sum(said["errors"] for said in busy), "requests", "<= 0")
