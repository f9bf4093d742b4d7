"""One row of 30 numbers by gRPC, raw: the CPU time that a call costs the server, beside a bare
grpc++ server that adds the numbers up and answers the same form, in turns of one run."""
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
    """Of all threads, user and system, by the scheduler's own account."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task)) as file:
            total += int(file.read().split()[0])
    return total / 1e9


def load(bare, port, seconds):
    said = json.loads(subprocess.run(
        ["taskset", "-c", str(cores()[1]), bare, "load", str(port), str(CONNECTIONS), str(seconds),
         "wide", str(COLUMNS)], capture_output=True, text=True, check=True,
        timeout=seconds + 60).stdout)
    assert said["wrong"] == 0, said
    return said


def turn(bare, pid, port):
    """(microseconds of CPU a call, calls a second)"""
    load(bare, port, 1)
    before = cpu_seconds(pid)
    said = load(bare, port, SECONDS)
    spent = cpu_seconds(pid) - before
    return spent / said["requests"] * 1e6, said["requests"] / said["seconds"]


def measure(program):
    bare = os.path.join(os.path.dirname(program), "bench_bare_grpc")
    if not os.path.exists(bare):
        sys.exit("bench grpc: %s is not built; `make bench` builds it" % bare)
    if len(os.sched_getaffinity(0)) < 2:
        say("a server and its client need two cores")
        return
    ours, yard = [], []
    port = free_port()
    with Wide(program, 'grpc = "127.0.0.1:%d"' % port) as wide:
        for _ in range(TURNS):
            with Up(wide, core=cores()[0]) as up:
                time.sleep(0.5)
                ours.append(turn(bare, up.process.pid, port))
            other = free_port()
            with Process([bare, "serve", str(other)], other) as one:
                yard.append(turn(bare, one.process.pid, other))
    us = statistics.median(one[0] for one in ours)
    least = statistics.median(one[0] for one in yard)
    yield figure("grpc", "CPU of a call, one raw row of 30, 500x31, log on", us, "us",
                 "<= %.6g" % (1.2 * least), "bare grpc++", least)
    yield figure("grpc", "calls a second on one core, %d connections" % CONNECTIONS,
                 statistics.median(one[1] for one in ours), "calls/s", ">= 0", "bare grpc++",
                 statistics.median(one[1] for one in yard))
