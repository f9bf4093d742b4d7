"""Many small projects behind one port: memory, processor time and the way to an answer."""
import os
import shutil
import statistics
import subprocess
import time

from common import figure, timed
from project import Project, ask, rows

COUNT = 30
IDLE_S = 15
ROW = {"x": 1.5, "kind": "a", "_time": "2024-02-01T09:00:00Z"}


def numbers_of(pid):
    """Resident memory in MB, processor time in seconds."""
    with open("/proc/%d/status" % pid) as file:
        memory = int(file.read().split("VmRSS:")[1].split()[0]) / 1024
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return memory, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def copies(first, folder):
    """The project under other names: what differs between small projects is no matter here."""
    out = []
    for number in range(COUNT):
        path = os.path.join(folder, "p%02d" % number)
        shutil.copytree(first.folder, path)
        with open(os.path.join(path, "rondo.toml")) as file:
            text = file.read()
        with open(os.path.join(path, "rondo.toml"), "w") as file:
            file.write(text.replace('name = "toy"', 'name = "p%02d"' % number))
        out.append(path)
    return out


def value(base, path):
    status, said = ask(base, path, {"rows": [ROW]})
    assert status == 200, said
    return said["predictions"][0]["value"]


def measure(program):
    with Project(program, rows(60)) as first, Project(program) as room:
        first.run("run", check=0)
        folders = copies(first, room.folder)
        began = time.perf_counter()
        process = subprocess.Popen([program, "up", *folders, "--listen", "127.0.0.1:0"],
                                   stdout=subprocess.PIPE, text=True)
        try:
            base = process.stdout.readline().split(" answer at ")[1].split(" ")[0]
            started = time.perf_counter() - began
            said = {value(base, "/p/p%02d/api/v1/predict" % number) for number in range(COUNT)}
            assert len(said) == 1, said  # copies answer alike
            time.sleep(3)
            before = numbers_of(process.pid)
            time.sleep(IDLE_S)
            after = numbers_of(process.pid)
            spent = statistics.median(
                timed(lambda: value(base, "/p/p07/api/v1/predict"))[0] for _ in range(200))
        finally:
            process.terminate()
            process.wait(60)
            process.stdout.close()
        yield figure("projects", "memory of %d small projects, idle, each asked once" % COUNT,
                     after[0], "MB", "<= 300")
        busy = 100 * (after[1] - before[1]) / IDLE_S
        yield figure("projects", "their processor time, idle", busy, "% of 1", "<= 60")
        yield figure("projects", "start until all answer", started, "s", "<= 10")
        yield figure("projects", "one row of one of them, a new connection each", 1e3 * spent, "ms",
                     "<= 10")
