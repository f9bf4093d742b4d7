#!/usr/bin/env python3
"""kill -9 at random moments of a collection: the same manifest, then "unchanged".

usage: collect_kills_test.py PROGRAM SOURCE_DIR     12 kills; RONDO_FULL=1: 50
The oracle is an undisturbed project with the same files: what it collected first, and what it
collected when the files had grown and rows were overtaken, must come out of every killed one, with
each step finished once. The program or its worker is killed, in turns; the moments follow from a
seed and from how long the undisturbed collection took.
"""
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, write_csv  # noqa: E402

KILLS = 50 if os.environ.get("RONDO_FULL") else 12
SETTINGS = """[project]
name = "toy"
target = "y"
[collect]
source = ["data"]
time = "at"
key = ["at", "kind"]
mode = "merge"
max_rejected = 0.5
min_rows = 1000000
"""


def first_files(project):
    os.makedirs(project.path("data"))
    project.write("rondo.toml", SETTINGS)
    write_csv(project.path("data", "a.csv"), rows(20))
    with open(project.path("data", "a.csv"), "a") as file:
        file.write("2024-01-05 00:00:00,low,a,30\n" * 3)  # rejected: "low" is no number
    write_csv(project.path("b.csv"), rows(20, seed=2, first=20))
    with open(project.path("b.csv"), "rb") as plain, \
            open(project.path("data", "b.csv.gz"), "wb") as file:
        file.write(gzip.compress(plain.read(), mtime=0))


def later_files(project):
    write_csv(project.path("data", "a.csv"), rows(5, seed=3, first=40), "a")
    overtaken = [dict(row, y=row["y"] + 1) for row in rows(10)]
    with open(project.path("data", "c.jsonl"), "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in overtaken)


def worker_of(parent):
    """The worker that `parent` started, if one lives. (The leak checker of a build with sanitizers
    has a child too, and waits for it for ever.)"""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name) as file:
                of = int(file.read().rsplit(")", 1)[1].split()[1])
            with open("/proc/%s/cmdline" % name) as file:
                if of == parent and file.read().endswith("\0worker\0"):
                    return int(name)
        except (OSError, ValueError):
            continue
    return None


class CollectKills(unittest.TestCase):
    def collected(self, project):
        """(result, manifest) of each collection that ended; every step ended once."""
        facts = [f for f in project.facts() if f["kind"] == "step_finished"]
        steps = [f["step"] for f in facts]
        self.assertEqual(len(steps), len(set(steps)), steps)
        return [(f["body"]["result"], f["body"]["outputs"].get("manifest"),
                 sorted(f["body"]["outputs"].values()))
                for f in facts if f["body"]["stage"] == "Data Collection"]

    def killed_run(self, project, chance, length, turn):
        """Runs until the run ends by itself; returns how often something was killed."""
        kills = 0
        while True:
            process = subprocess.Popen([project.program, "run"], cwd=project.folder,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                process.wait(chance.uniform(0, length))
            except subprocess.TimeoutExpired:
                worker = worker_of(process.pid) if (turn + kills) % 2 else None
                try:
                    os.kill(worker or process.pid, signal.SIGKILL)
                    kills += 1
                except ProcessLookupError:
                    pass
            process.wait(120)
            said = process.stderr.read().decode()
            process.stderr.close()
            if process.returncode == -signal.SIGKILL:
                continue
            self.assertEqual(process.returncode, 0, said)
            return kills

    def test_the_same_manifest_then_unchanged(self):
        with Project(PROGRAM) as whole:
            lengths = []
            for add in (first_files, later_files):
                add(whole)
                began = time.monotonic()
                whole.run("run", check=0)
                lengths.append(time.monotonic() - began)
            expected = self.collected(whole)
        self.assertEqual([result for result, _, _ in expected], ["too few rows"] * 2)
        self.assertEqual(len(expected[0][2]), 3, "manifest, segment and rejects")
        self.assertEqual(len(expected[1][2]), 3, "manifest, segment and deleted rows")
        chance = random.Random(4)
        kills = turns = 0
        while kills < KILLS:
            with Project(PROGRAM) as project:
                for add, length in zip((first_files, later_files), lengths):
                    add(project)
                    kills += self.killed_run(project, chance, length, turns)
                self.assertEqual(self.collected(project), expected)
                before = project.facts()
                done = project.run("run", check=0)
                self.assertIn("nothing", done.stdout + done.stderr)
                self.assertEqual(project.facts(), before)
                self.assertEqual(project.run("fsck").returncode, 0)
            turns += 1
        print("%d kills, %d projects collected the same" % (kills, turns))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
