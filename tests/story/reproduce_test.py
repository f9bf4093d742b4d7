#!/usr/bin/env python3
"""A version is made again from the bytes of its data: with other threads, after the champion was
compared, in a copy of the project elsewhere; a damaged input is named.

usage: reproduce_test.py PROGRAM SOURCE_DIR
"""
import glob
import os
import shutil
import sys
import tempfile
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, write_csv  # noqa: E402


class Reproduce(unittest.TestCase):
    def setUp(self):
        self.project = Project(PROGRAM, rows(30), rounds=10, cool_down="0s")
        self.addCleanup(self.project.__exit__)
        self.project.run("run", check=0)

    def made(self, *words):
        return self.project.json("reproduce", *words)

    def test_versions_come_out_the_same(self):
        write_csv(self.project.path("rows.csv"), rows(30, seed=2, first=30), "a")
        self.project.run("trigger", check=0)
        self.project.run("run", check=0)
        self.project.run("promote", "v1", check=0)
        pipelines = {"v%d" % v["version"]: v["pipeline"] for v in self.project.json("models")}
        self.assertEqual(sorted(pipelines), ["v1", "v2"], "the second cycle made no version")
        for version, threads in (("v1", "1"), ("v2", "1"), ("v2", "3")):
            made = self.made(version, "--threads", threads)
            self.assertTrue(made["same"], made)
            self.assertEqual(made["pipeline"], pipelines[version])
            self.assertEqual(made["jobs"][-1]["outputs"]["pipeline"]["made"], pipelines[version])
        kinds = [job["kind"] for job in self.made("v2")["jobs"]]
        self.assertEqual(kinds, ["prepare", "train", "score", "evaluate", "prepare", "train",
                                 "assemble"])
        self.assertIn("v1 is reproduced", self.project.run("reproduce", check=0).stdout)

    def test_of_a_search_by_time_the_number_decides(self):
        project = Project(PROGRAM, rows(30), rounds=10, cool_down="0s")
        self.addCleanup(project.__exit__)
        with open(project.path("rondo.toml"), encoding="utf-8") as file:
            text = file.read()
        one = 'budget = "1 candidate"'
        self.assertIn(one, text)
        project.write("rondo.toml", text.replace(one, 'budget = "3s"'))
        project.run("run", check=0)
        made = project.json("reproduce", "--threads", "3")
        self.assertTrue(made["same"], made)

    def test_a_copy_elsewhere(self):
        with tempfile.TemporaryDirectory() as folder:
            there = os.path.join(folder, "there")
            shutil.copytree(self.project.path("."), there)
            os.remove(os.path.join(there, "rows.csv"))
            self.assertIn("bit for bit", self.project.run("-C", there, "reproduce").stdout)

    @staticmethod
    def begins(name):
        with open(name, "rb") as file:
            return file.read(4)

    def test_a_damaged_segment_is_named(self):
        found = [file for file in glob.glob(self.project.path(".rondo/objects/*/*"))
                 if self.begins(file) == b"PAR1"]
        self.assertEqual(len(found), 1)
        os.chmod(found[0], 0o644)
        with open(found[0], "r+b") as file:
            file.seek(40)
            file.write(b"\x00\x01\x02")
        said = self.project.run("reproduce", check=3).stderr
        self.assertIn("".join(found[0].split("/")[-2:])[:12], said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
