"""The console: what it weighs, what it asks for, when something is seen, what listeners cost, also
who asks for predictions meanwhile.

Sizes need the program alone; what a browser sees needs build/browser, which `make test-browser`
makes.
"""
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import time
from contextlib import contextmanager

from bench_serving import load, prepare
from bench_start import Up
from common import SOURCE, Bikes, figure
from project import ask

MODULES = os.path.join(SOURCE, "build", "browser", "node_modules")
LISTENERS = 100


def packed(base):
    """Bytes of all files, compressed as a browser gets them, by following their names."""
    import urllib.request
    seen, waiting = {}, ["/"]
    while waiting:
        path = waiting.pop()
        request = urllib.request.Request(base + path, headers={
            "Accept": "text/html", "Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            seen[path] = len(reply.read())
        text = ask(base, path, headers={"Accept": "text/html"})[1]
        for name in re.findall(r'[\'"](?:console|\.)/([\w.-]+\.(?:js|css|svg))[\'"]', str(text)):
            if "/console/" + name not in seen and "/console/" + name not in waiting:
                waiting.append("/console/" + name)
    return seen


def cpu_s(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def share_of_core(up):
    before, began = cpu_s(up.process.pid), time.perf_counter()
    time.sleep(10)
    return (cpu_s(up.process.pid) - before) / (time.perf_counter() - began)


@contextmanager
def listeners(up):
    """So many pages that listen."""
    host, port = up.base.split("//")[1].split(":")
    open_ones = []
    try:
        for _ in range(LISTENERS):
            one = socket.create_connection((host, int(port)), timeout=10)
            one.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            one.recv(4096)
            open_ones.append(one)
        time.sleep(1)
        yield
    finally:
        for one in open_ones:
            one.close()


def listeners_cost(up):
    """Share of a core that they cost while nothing happens, beyond what the program takes without
    them."""
    alone = share_of_core(up)
    with listeners(up):
        return max(0.0, share_of_core(up) - alone)


def latency_ratio(bikes, up):
    """The 99th percentile of predictions beside open pages to that without, in turns."""
    path = os.path.join(bikes.folder, "requests")
    prepare(up.base, [1], path)
    load(up.base, path, 1)
    quiet, beside = [], []
    for _ in range(9):  # a 99th percentile moves by half from one to the next
        quiet.append(load(up.base, path, 4, ways=["paced"])["p99_ms"])
        with listeners(up):
            beside.append(load(up.base, path, 4, ways=["paced"])["p99_ms"])
    return statistics.median(beside) / statistics.median(quiet)


def seen_by_browser(bikes, base):
    with open(os.path.join(bikes.folder, ".rondo", "token")) as file:
        token = file.read().strip()
    done = subprocess.run(["node", os.path.join(SOURCE, "bench", "console.mjs"), MODULES, base,
                           token], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(done.stderr[-2000:])
    return json.loads(done.stdout)


def measure(program):
    with Bikes(program) as bikes:
        bikes.run("run")
        with Up(bikes) as up:
            sizes = packed(up.base)
            yield figure("console", "all its files, compressed", sum(sizes.values()) / 1e3, "kB",
                         "<= 150")
            while up.busy():
                time.sleep(0.2)
            yield figure("console", "%d open pages at rest" % LISTENERS,
                         100 * listeners_cost(up), "% core", "<= 1")
            if shutil.which("wrk"):
                yield figure("console", "99th percentile of predictions beside them, to that "
                             "without", latency_ratio(bikes, up), "x", "<= 1.05")
            else:
                print("console: no wrk, so no predictions beside open pages")
            if not os.path.isdir(MODULES):
                print("console: no browser; `make test-browser` makes build/browser")
                return
            said = seen_by_browser(bikes, up.base)
            yield figure("console", "requests of the home page", said["requests"], "", "<= 20")
            yield figure("console", "first paint", said["paint_ms"], "ms", "<= 100",
                         "an empty page", said["empty_ms"])
            yield figure("console", "the model's sentence is there", said["usable_ms"], "ms",
                         "<= 300")
            yield figure("console", "a fact on the page, after its own time", said["event_ms"],
                         "ms", "<= 200")
            yield figure("console", "the slowest of 20", said["event_most_ms"], "ms", "<= 200")
            yield figure("console", "a year of hourly windows x 200 columns drawn",
                         said["year_ms"], "ms", "<= 200")
            yield figure("console", "the same panned", said["pan_fps"], "fps", ">= 50")
            yield figure("console", "10,000 decisions scrolled: the longest frame",
                         said["feed_ms"], "ms", "<= 100")
