#!/usr/bin/env python3
"""A file that somebody is writing is not read by half: `up` waits until it is at rest; `run` does
not wait.

usage: files_test.py PROGRAM SOURCE_DIR
"""
import os
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, write_csv  # noqa: E402

WRITING, QUIET = 4.0, 1.5  # seconds; a file counts after 2 without a write


class Files(unittest.TestCase):
    def setUp(self):
        self.project = Project(PROGRAM, rows(30), rounds=10)
        self.addCleanup(self.project.__exit__)
        self.project.run("run", check=0)
        self.next = 30

    def versions(self):
        return [v["rows"] for v in self.project.json("data")]

    def batch(self):
        self.next += 1
        return rows(1, seed=self.next, first=self.next - 1)

    def write_slowly(self):
        """Writes a row again and again; whether no pause was so long that the file was at rest."""
        began = last = time.monotonic()
        longest = 0.0
        while time.monotonic() - began < WRITING:
            write_csv(self.project.path("rows.csv"), self.batch()[:1], "a")
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            time.sleep(0.1)
        return longest < QUIET

    def test_up_waits_until_a_file_is_at_rest(self):
        self.project.up()
        for _ in range(5):  # a machine that stood still proves nothing
            before = self.versions()
            steady = self.write_slowly()
            while_writing = self.versions()
            if steady:
                break
        else:
            self.skipTest("the machine paused for longer than a file rests")
        self.assertEqual(while_writing, before, "a file was read while it was written")
        until = time.monotonic() + 60
        while self.versions() == before and time.monotonic() < until:
            time.sleep(0.2)
        with open(self.project.path("rows.csv")) as file:
            self.assertEqual(self.versions()[-1], len(file.readlines()) - 1)

    def test_run_reads_what_lies_there(self):
        write_csv(self.project.path("rows.csv"), self.batch(), "a")
        self.project.run("run", check=0)
        self.assertEqual(self.versions(), [720, 744])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
