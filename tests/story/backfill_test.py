#!/usr/bin/env python3
"""run --backfill: a range of event time is collected again; what was missed of it is added, and
nothing stands twice.

usage: backfill_test.py PROGRAM SOURCE_DIR
"""
import os
import signal
import sys
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, write_csv  # noqa: E402

SETTINGS = """[project]
name = "toy"
target = "y"
[collect]
source = "data"
time = "at"
min_rows = 1000000
max_rejected = 1
%s
[deploy]
listen = "127.0.0.1:0"
"""
WHOLE = rows(10)
HOLE = [row for row in WHOLE if row["at"].startswith("2024-01-06")]
LATER = rows(1, seed=2, first=12)


class Backfill(unittest.TestCase):
    def make(self, more="", late=HOLE):
        """A day was missing; it came in a file of its own, too late, beside a newer row."""
        made = Project(PROGRAM)
        self.addCleanup(made.__exit__)
        made.write("rondo.toml", SETTINGS % more)
        os.makedirs(made.path("data"))
        write_csv(made.path("data", "a.csv"), [row for row in WHOLE if row not in HOLE])
        made.run("run", check=0)
        write_csv(made.path("data", "b.csv"), WHOLE[:30] + late + LATER[:1])
        made.run("run", check=0)
        return made

    def times(self, made):
        shown = made.json("data", "show", "--rows", "100000")["shown"]
        return sorted(row["at"].replace("T", " ").rstrip("Z") for row in shown)

    def expected(self, hole):
        return sorted(row["at"] for row in WHOLE + LATER[:1] if row not in HOLE or row in hole)

    def fill(self, made, range, **more):
        return made.run("run", "--backfill", range, check=0, **more).stdout

    def test_what_was_missed_is_added_once(self):
        made = self.make()
        self.assertEqual(self.times(made), self.expected([]), "late rows were refused")
        said = self.fill(made, "2024-01-06T00:00:00Z..2024-01-06T12:00:00Z")
        self.assertIn("12 rows from data/a.csv and data/b.csv of 2024-01-06T00:00:00Z to "
                      "2024-01-06T12:00:00Z, which were missed", said)
        self.assertEqual(self.times(made), self.expected(HOLE[:12]), "to TO, and not TO itself")
        said = self.fill(made, "2024-01-01..2024-02-01")
        self.assertIn("12 rows", said)
        self.assertEqual(self.times(made), self.expected(HOLE))
        before = self.times(made), len(made.json("data"))
        said = self.fill(made, "2024-01-01..2024-02-01")
        self.assertIn("nothing was missed of 2024-01-01T00:00:00Z to 2024-02-01T00:00:00Z", said)
        self.assertEqual((self.times(made), len(made.json("data"))), before)

    def test_what_was_taken_is_told_among_the_rejects(self):
        made = self.make()
        before = made.json("data", "rejects")
        self.assertEqual([one["resolved"] for one in before], [None] * len(HOLE))
        self.fill(made, "2024-01-06T00:00:00Z..2024-01-06T12:00:00Z")
        after = made.json("data", "rejects")
        self.assertEqual([one["resolved"] for one in after], ["d3"] * 12 + [None] * 12)
        self.assertIn("24 rejected rows, 12 taken since", made.run("data", "rejects").stdout)
        self.fill(made, "2024-01-06..2024-01-07")
        after = made.json("data", "rejects")
        self.assertEqual([one["resolved"] for one in after], ["d3"] * 12 + ["d4"] * 12)
        made.run("data", "rejects", "--retry", check=5)

    def test_the_cursor_stays_where_it_is(self):
        made = self.make()
        write_csv(made.path("data", "a.csv"), LATER[1:3], "a")
        self.fill(made, "2024-01-06..2024-01-07")
        made.run("run", check=0)
        self.assertEqual(self.times(made),
                         sorted(row["at"] for row in WHOLE + LATER[:3]), "newer rows once each")
        self.assertIn("nothing new", made.run("run", check=0).stdout)

    def test_a_key_with_other_values_stays_as_it_was(self):
        other = [dict(WHOLE[40], y=1e6)]
        made = self.make('key = ["at"]', late=HOLE + other)
        self.fill(made, "2024-01-01..2024-02-01")
        self.assertEqual(self.times(made), self.expected(HOLE))
        shown = made.json("data", "show", "--rows", "100000")["shown"]
        self.assertLess(max(row["y"] for row in shown), 1e6)

    def test_a_running_loop_is_asked(self):
        made = self.make()
        process, _ = made.up()
        self.assertIn("asked", self.fill(made, "2024-01-06..2024-01-07"))
        until = time.monotonic() + 60
        while self.times(made) != self.expected(HOLE) and time.monotonic() < until:
            time.sleep(0.2)
        self.assertEqual(self.times(made), self.expected(HOLE))
        process.send_signal(signal.SIGTERM)
        process.wait(60)

    def test_mistakes(self):
        made = self.make()
        for range in ("2024", "2024-01-02..2024-01-01", "2024-01-01..", "a..b"):
            said = made.run("run", "--backfill", range, check=3).stderr
            self.assertIn('--backfill "%s" is no range of time' % range, said)
            self.assertIn("2024-01-01..2024-02-01", said)
        with open(made.path("rondo.toml")) as file:
            text = file.read()
        made.write("rondo.toml", text.replace('time = "at"\n', ""))
        said = made.run("run", "--backfill", "2024-01-01..2024-01-02", check=3).stderr
        self.assertIn("needs a clock", said)
        with Project(PROGRAM, rows(9)) as fresh:
            said = fresh.run("run", "--backfill", "2024-01-01..2024-01-02").stderr
            self.assertIn("`rondo run` makes one", said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
