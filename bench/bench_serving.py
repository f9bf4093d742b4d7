"""One row a request over the wire, swaps under that load, labels a second. Answers are checked."""
import csv
import gzip
import json
import os
import subprocess
import threading
import time

from bench_scoring import say
from bench_start import Up
from common import BIKES, Bikes, figure
from project import ask

ROWS, CONNECTIONS, PACED, SECONDS = 500, 32, 96, 5
COLUMNS = ("season", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit", "temp",
           "atemp", "hum", "windspeed")
ONE_THREAD = (('[evaluate]', '[deploy]\nthreads = 1\n\n[evaluate]'),)


def some_rows():
    """ROWS different rows of the second year, in order."""
    with gzip.open(os.path.join(BIKES, "hour.csv.gz"), "rt") as file:
        table = list(csv.DictReader(file))[9000::16][:ROWS]
    return [{name: float(row[name]) if "." in row[name] else int(row[name]) for name in COLUMNS}
            for row in table]


def infer_body(inputs, row):
    tensors = []
    for column in inputs:
        value = row.get(column["name"], 0)
        tensors.append({"name": column["name"], "shape": [1], "datatype": column["datatype"],
                        "data": [float(value) if column["datatype"] == "FP64" else value]})
    return json.dumps({"inputs": tensors}, separators=(",", ":"))


def prepare(base, versions, path):
    """Writes the file for infer.lua: each body with the answer of each version."""
    inputs = [i for i in ask(base, "/v2/models/bikes")[1]["inputs"]]
    at = {"name": "_time", "shape": [1], "datatype": "BYTES", "data": ["2013-01-01T09:00:00Z"]}
    with open(path, "w") as file:
        for row in some_rows():
            body = json.loads(infer_body(inputs, row))
            body["inputs"].append(at)
            text = json.dumps(body, separators=(",", ":"))
            for version in versions:
                status, raw = ask_raw(base, "/v2/models/bikes/versions/%d/infer" % version, text)
                assert status == 200, raw
                value = raw.split('"data":[', 1)[1].split("]", 1)[0]
                file.write("%s\t%d %s\n" % (text, version, value))


def ask_raw(base, path, text):
    import urllib.request
    request = urllib.request.Request(base + path, data=text.encode(),
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.status, reply.read().decode()


def load(base, path, seconds, url="/v2/models/bikes/infer", core="", ways=()):
    """What infer.lua says of so many seconds; the client on one core if that is said."""
    pinned = ["taskset", "-c", str(core)] if core != "" else []
    connections = PACED if "paced" in ways else CONNECTIONS
    done = subprocess.run([*pinned, "wrk", "-t", "1", "-c", str(connections), "-d",
                           "%ds" % seconds, "-s",
                           os.path.join(os.path.dirname(os.path.abspath(__file__)), "infer.lua"),
                           base, "--", path, url, *ways],
                          capture_output=True, text=True, timeout=seconds + 60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout[done.stdout.rindex('{"requests"'):])


def two_versions(bikes):
    bikes.run("run")
    bikes.run("trigger", "--why", "a second version")
    bikes.run("run", check=False)
    return sorted(m["version"] for m in json.loads(bikes.run("models", "--json").stdout))


def measure(program):
    # Two champions: the crontab deploys whatever comes out, so a second cycle gives a second one.
    cron = (('policy = "performance"', 'policy = "cron:7d"'),)
    with Bikes(program, ONE_THREAD + cron) as bikes:
        versions = two_versions(bikes)
        assert len(versions) == 2, versions
        trees = json.loads(bikes.run("models", "--json").stdout)[0].get("trees", 0)
        assert trees >= 100, "the champion has only %d trees" % trees
        with Up(bikes) as up:
            path = os.path.join(bikes.folder, "requests")
            prepare(up.base, versions, path)
            load(up.base, path, 1)
            said = load(up.base, path, SECONDS, ways=["check"])
            assert said["wrong"] == 0 and said["errors"] == 0, said
            yield figure("serving", "infer, 1 row, 32 connections, 1 thread, log on (%d trees)"
                         % trees, said["requests"] / said["seconds"], "req/s", ">= 20000")
            yield figure("serving", "wrong answers and errors meanwhile",
                         said["wrong"] + said["errors"], "requests", "<= 0")
            yield from labels(bikes, up)
        if len(os.sched_getaffinity(0)) < 2:
            say("swaps under load need two cores")
            return
        server, client, *_ = sorted(os.sched_getaffinity(0))
        with Up(bikes, core=server) as up:
            yield from swaps(bikes, up, path, client)


def swaps(bikes, up, path, core, wanted=1000, seconds=60):
    """Promotions by name and rollbacks in turn, evenly over a minute, under a load that leaves the
    server room: the figure says how many requests a second. Who asks is on a core of its own.
    Beside the load that it is compared with, somebody asks as often for what changes nothing."""
    with open(os.path.join(bikes.folder, ".rondo", "token")) as file:
        token = file.read().strip()
    champions = [ask(up.base, "/api/v1/deployments")[1][name] for name in ("champion", "former")]

    def swap(i):
        act = ("rollback", "promote")[i % 2]  # by name, the other way by rollback
        wish = {"why": str(i), **({"version": "v%d" % champions[0]} if i % 2 else {})}
        status, said = ask(up.base, "/api/v1/" + act, wish, token=token)
        assert status == 200, said

    def refused(i):
        status, said = ask(up.base, "/api/v1/feedback", {"why": str(i)}, token=token)
        assert status == 400, said

    def ask_for(seconds):
        return load(up.base, path, seconds, core=core, ways=["check", "paced"])

    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        ask_for(2)
        quiet, _ = beside(lambda: ask_for(seconds // 3), refused, (seconds - 2) / wanted,
                          wanted // 3)
        said, count = beside(lambda: ask_for(seconds), swap, (seconds - 2) / wanted, wanted)
    finally:
        os.sched_setaffinity(0, before)
    yield figure("serving", "promotions and rollbacks in %d s under %d req/s"
                 % (seconds, said["requests"] / said["seconds"]), count, "swaps",
                 ">= %d" % wanted)
    yield figure("serving", "failed requests and answers of another version meanwhile",
                 said["wrong"] + said["errors"], "requests", "<= 0")
    yield figure("serving", "99th percentile meanwhile, to that without",
                 said["p99_ms"] / quiet["p99_ms"], "x", "<= 1.2")


def beside(work, act, every, most):
    """What `work` gives, and how often `act` was called meanwhile: each so many seconds."""
    stop, count = threading.Event(), [0]

    def go_on():
        began = time.perf_counter()
        while count[0] < most and not stop.wait(
                max(0, began + count[0] * every - time.perf_counter())):
            act(count[0])
            count[0] += 1
    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        said = work()
    finally:
        stop.set()
        thread.join()
    return said, count[0]


def labels(bikes, up, requests=200, each=100, clients=8):
    rows = some_rows()[:each]
    with open(os.path.join(bikes.folder, ".rondo", "token")) as file:
        token = file.read().strip()
    ids = []
    for _ in range(requests):
        status, said = ask(up.base, "/api/v1/predict", {"rows": rows})
        assert status == 200, said
        ids.append([one["id"] for one in said["predictions"]])
    accepted, lock = [0], threading.Lock()

    def say(part):
        for some in part:
            status, said = ask(up.base, "/api/v1/feedback", {"labels": [
                {"id": one, "label": 100} for one in some]}, token=token)
            assert status == 200, said
            with lock:
                accepted[0] += said["accepted"]
    threads = [threading.Thread(target=say, args=(ids[k::clients],)) for k in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - began
    assert accepted[0] == requests * each, accepted
    yield figure("serving", "labels acknowledged, 100 a request, durable", accepted[0] / spent,
                 "labels/s", ">= 10000")
