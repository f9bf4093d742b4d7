"""One row of 30 numbers by gRPC, raw: the CPU time that a call costs the server, beside a bare
grpc++ server that reads the same bytes and answers as many, in turns of one run; and what of ours
is spent on what the bare one does not do."""
import collections
import json
import os
import statistics
import subprocess
import sys
import time

from bench_scoring import say
from bench_start import Up
from bench_wide import COLUMNS, TURNS, Process, Wide, cores, free_port
from common import figure

CONNECTIONS, SECONDS = 16, 4


def cpu_seconds(pid):
    """By kind of thread, user and system, by the scheduler's own account."""
    spent = collections.Counter()
    for task in os.listdir("/proc/%d/task" % pid):
        folder = "/proc/%d/task/%s/" % (pid, task)
        with open(folder + "schedstat") as stat, open(folder + "comm") as comm:
            kind = comm.read().strip()
            spent["rpc" if kind.startswith("rpc-") else kind] += int(stat.read().split()[0]) / 1e9
    return spent


def load(bare, port, seconds):
    said = json.loads(subprocess.run(
        ["taskset", "-c", str(cores()[1]), bare, "load", str(port), str(CONNECTIONS), str(seconds),
         "wide", str(COLUMNS)], capture_output=True, text=True, check=True,
        timeout=seconds + 60).stdout)
    assert said["wrong"] == 0, said
    return said


def turn(bare, pid, port):
    """What the load said, with microseconds of CPU a call: in all, and by kind of thread."""
    load(bare, port, 1)
    before = cpu_seconds(pid)
    said = load(bare, port, SECONDS)
    spent = cpu_seconds(pid)
    spent.subtract(before)
    each = {kind: 1e6 * seconds / said["requests"] for kind, seconds in spent.items()}
    return dict(said, us=sum(each.values()), each=each, rate=said["requests"] / said["seconds"])


def median_of(turns, name):
    return statistics.median(one[name] for one in turns)


def part(turns, kind):
    return statistics.median(one["each"].get(kind, 0) for one in turns)


def measure(program):
    bare = os.path.join(os.path.dirname(program), "bench_bare_grpc")
    if not os.path.exists(bare):
        sys.exit("bench grpc: %s is not built; `make bench` builds it" % bare)
    if len(os.sched_getaffinity(0)) < 2:
        say("a server and its client need two cores")
        return
    ours, yard, lean = [], [], []
    port = free_port()
    with Wide(program, 'grpc = "127.0.0.1:%d"' % port) as wide:
        for _ in range(TURNS):
            with Up(wide, core=cores()[0]) as up:
                time.sleep(0.5)
                ours.append(turn(bare, up.process.pid, port))
            for turns, more in ((yard, []), (lean, ["lean"])):
                other = free_port()
                with Process([bare, "serve", str(other), *more], other) as one:
                    turns.append(turn(bare, one.process.pid, other))
    same = {one["reply_bytes"] for one in ours + yard}
    assert len(same) == 1, "the servers do not answer as many bytes: %s" % same
    us, least = median_of(ours, "us"), median_of(yard, "us")
    yield figure("grpc", "CPU of a call, one raw row of 30, 500x31, log on", us, "us",
                 "<= %.6g" % (1.2 * least), "bare grpc++", least)
    yield figure("grpc", "  of it in the threads that answer", part(ours, "rpc"), "us", ">= 0",
                 "bare grpc++", least)
    yield figure("grpc", "  of it in writing the log of predictions",
                 part(ours, "prediction-log"), "us", ">= 0")
    yield figure("grpc", "  of it in judging them (the loop)", part(ours, "loop"), "us", ">= 0")
    yield figure("grpc", "the bare server without an id and metadata in its answer",
                 median_of(lean, "us"), "us", ">= 0", "bare grpc++", least)
    yield figure("grpc", "calls a second on one core, %d connections" % CONNECTIONS,
                 median_of(ours, "rate"), "calls/s", ">= 0", "bare grpc++",
                 median_of(yard, "rate"))
