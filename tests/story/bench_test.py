#!/usr/bin/env python3
"""`rondo bench` tells what a model costs: of a project, of a pipeline file and of a server, as a
table and as JSON. No time is judged here; the numbers hold together, and what is measured is the
model.

usage: bench_test.py PROGRAM SOURCE_DIR
"""
import glob
import os
import re
import shutil
import sys
import time
import unittest
import urllib.request

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows  # noqa: E402


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, rows(20))
        cls.addClassCleanup(cls.project.__exit__)
        cls.project.run("run", check=0)
        for path in glob.glob(cls.project.path(".rondo", "objects", "*", "*")):
            done = cls.project.run("bench", path, "--json")
            if done.returncode == 0:
                shutil.copy(path, cls.project.path("toy.rondo"))
                break

    def test_a_project(self):
        said = self.project.json("bench")
        version = self.project.json("models")[0]
        self.assertEqual(said["model"], "v1 of toy")
        self.assertEqual(said["trees"], version["trees"])
        self.assertEqual(said["columns"], 2)  # x and kind; the rest is made of time and history
        self.assertGreater(said["leaves"], said["trees"])
        for name in ("row_us", "row_features_us", "row_trees_us", "batch_row_us", "load_ms",
                     "file_bytes"):
            self.assertGreater(said[name], 0, name)
        self.assertAlmostEqual(said["batch_rows_per_second"] * said["batch_row_us"], 1e6, delta=1)

    def test_the_kernel_is_the_one_that_is_asked_for(self):
        said = self.project.json("bench", env={"RONDO_KERNEL": "scalar"})
        self.assertEqual(said["kernel"], "scalar")

    def test_a_file(self):
        said = self.project.json("bench", "toy.rondo")
        own = self.project.json("bench")
        for name in ("trees", "leaves", "columns", "features", "file_bytes"):
            self.assertEqual(said[name], own[name])
        self.assertEqual(said["model"], "toy.rondo")
        text = self.project.run("bench", "toy.rondo", check=0).stdout
        self.assertRegex(text, r"toy.rondo, 2 columns, scored by the kernel \w+")
        self.assertNotIn("e+", text)
        for line in ("one row", "a row of many", "loading", "memory"):
            self.assertRegex(text, r"(?m)^ *%s  " % line)

    @staticmethod
    def logged(base):
        """Rows that the log of predictions has taken, when no more come."""
        said = None
        while True:
            with urllib.request.urlopen(base + "/metrics", timeout=30) as reply:
                text = reply.read().decode()
            now = int(re.search(r"rondo_log_records_total\S*written\S* (\d+)", text).group(1))
            if now == said:
                return now
            said = now
            time.sleep(.3)

    def test_a_server(self):
        process, base = self.project.up()
        refused = self.project.run("bench", base, check=3).stderr
        self.assertIn("in the log of predictions of toy", refused)
        self.assertIn("--logged", refused)
        self.assertEqual(self.logged(base), 0, "it was refused before anything was asked")
        said = self.project.json("bench", base, "--seconds", "1", "--connections", "2", "--rows",
                                 "3", "--logged")
        self.assertEqual((said["model"], said["version"], said["columns"]), ("toy", "1", 2))
        self.assertEqual((said["refused"], said["refusal"], said["logged"]), (0, None, True))
        token = self.project.json("token", "create", "bench", "--role", "deployer", "--role",
                                  "predictor", "--role", "viewer")["token"]
        time.sleep(2)  # until the server knows the token
        before = self.logged(base)
        self.assertGreater(before, 0)
        dry = self.project.json("bench", base, "--seconds", "1", "--token", token)
        self.assertGreater(dry["answered"], 0)
        self.assertFalse(dry["logged"])
        self.assertEqual(self.logged(base), before)
        said["answered"] += (dry["answered"] + 1) / 3
        self.assertGreater(said["answered"], 0)
        order = [said[name] for name in ("p50_us", "p90_us", "p99_us", "p999_us", "max_us")]
        self.assertEqual(order, sorted(order))
        self.assertGreater(order[0], 0)
        # What it says that it was answered is what the server counted, but for the first request.
        with urllib.request.urlopen(base + "/metrics", timeout=30) as reply:
            text = reply.read().decode()
        count = int(re.search(r'predictions_total\{model="toy",version="1",arm="champion"\} (\d+)',
                              text).group(1))
        self.assertEqual(count, 3 * (said["answered"] + 1))
        done = self.project.run("bench", base, "--seconds", "1", "--logged", check=0)
        text = done.stdout
        self.assertIn("in the log of predictions now", done.stderr)
        self.assertRegex(text, r"v1 of toy, 2 columns, 1 row a request, 1 connection")
        self.assertRegex(text, r"(?m)^ *99 %  ")
        said = self.project.run("bench", base, "--token", "wrong", check=1).stderr
        self.assertIn("401", said)
        process.terminate()
        self.assertEqual(process.wait(60), 0)
        said = self.project.run("bench", base, check=1).stderr
        self.assertIn("does not answer", said)

    def test_a_pipeline_file_keeps_no_log(self):
        process = self.project.start("serve", "toy.rondo", "--no-history", "--listen",
                                     "127.0.0.1:0")
        base = process.stdout.readline().split(" answers at ")[1].split(" ")[0]
        said = self.project.json("bench", base, "--seconds", "1")
        self.assertEqual((said["refused"], said["logged"]), (0, False))
        self.assertGreater(said["answered"], 0)

    def test_what_is_no_server_is_refused(self):
        for url in ("ftp://localhost:1", "http://", "http://localhost:0", "http://[::1]:x"):
            self.assertIn("hint:", self.project.run("bench", url, check=3).stderr, url)
        self.assertIn("is for a server", self.project.run("bench", "--rows", "3", check=2).stderr)

    def test_what_is_no_pipeline_is_refused(self):
        with open(self.project.path("toy.rondo"), "rb") as file:
            bytes_ = bytearray(file.read())
        bytes_[len(bytes_) // 2] ^= 1
        with open(self.project.path("damaged.rondo"), "wb") as file:
            file.write(bytes_)
        done = self.project.run("bench", "damaged.rondo", check=3)
        self.assertIn("loading damaged.rondo", done.stderr)
        self.project.run("bench", "none.rondo", check=3)
        with Project(PROGRAM, rows(1)) as empty:
            self.assertNotEqual(empty.run("bench").returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
