#!/usr/bin/env python3
"""Rows that replace those of their key, by files and by pushes, through kills and injected faults.

usage: merge_test.py PROGRAM SOURCE_DIR
"""
import os
import random
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask  # noqa: E402

SETTINGS = """[project]
name = "toy"
target = "y"

[collect]
source = ["*.csv", "push"]
mode = "merge"
key = ["id"]
min_rows = 1000000

[deploy]
listen = "127.0.0.1:0"
"""
FULL = bool(os.environ.get("RONDO_FULL"))
MORE = ("segment_write=crash", "atomic_rename=error@1", "attempt_output=crash",
        "object_rename=crash", "facts_after_commit=crash", "step_finish=crash",
        "worker_result=error@1")
POINTS = ("manifest_write=crash", "object_write=error@1", "facts_before_commit=crash")


def project():
    made = Project(PROGRAM)
    made.write("rondo.toml", SETTINGS)
    return made


def put(made, name, rows):
    made.write(name, "id,x,y\n" + "".join("%d,%d,%d\n" % row for row in rows))


def rows_of(made):
    shown = made.json("data", "show", "--rows", "1000000")["shown"]
    return sorted((r["id"], r["x"], r["y"]) for r in shown)


class Merge(unittest.TestCase):
    def test_each_failpoint_leaves_an_undisturbed_version(self):
        for point in POINTS + (MORE if FULL else ()):
            with self.subTest(point=point), project() as made:
                put(made, "a.csv", [(i, i, 0) for i in range(20)])
                made.run("run", check=0)
                put(made, "b.csv", [(i, -i, 1) for i in range(10, 30)])
                made.run("run", env={"RONDO_FAILPOINTS": point})
                made.run("trigger", check=0)  # a step that failed waits for a person or news
                made.run("run")  # and then a model is wanted, which so few rows cannot give
                wanted = [(i, i, 0) for i in range(10)] + [(i, -i, 1) for i in range(10, 30)]
                self.assertEqual(rows_of(made), wanted)
                self.assertEqual([v["rows"] for v in made.json("data")], [20, 30])
                self.assertEqual(made.run("fsck").returncode, 0)
                made.run("gc", check=0)
                self.assertEqual(rows_of(made), wanted)
                self.assertEqual(made.json("data", "show", "d1")["rows"], 20)

    def test_pushed_rows_replace_those_of_files(self):
        with project() as made:
            put(made, "a.csv", [(i, i, 0) for i in range(10)])
            made.run("run", check=0)
            process, base = made.up()
            say = lambda rows: ask(base, "/api/v1/rows", rows, token=made.token())[1]  # noqa: E731
            one = {"id": 3, "x": 33, "y": 1}
            self.assertEqual(say([one, {"id": 4, "x": 4, "y": 0}, {"id": 50, "x": 5, "y": 5}]),
                             {"accepted": 2, "duplicate": 1, "duplicates": [1], "rejected": 0,
                              "rejects": []})
            self.assertEqual(say([one])["duplicates"], [0])
            self.assertEqual(say([dict(one, x=34)])["accepted"], 1)
            process.terminate()
            process.wait(60)
            made.run("run", check=0)
            wanted = {i: (i, i, 0) for i in range(10)}
            wanted.update({3: (3, 34, 1), 50: (50, 5, 5)})
            self.assertEqual(rows_of(made), sorted(wanted.values()))

    def test_many_merges_are_what_the_last_row_of_each_key_says(self):
        chance = random.Random(5)
        with project() as made:
            table = {}
            for turn in range(6):
                rows = [(chance.randrange(40), chance.randrange(9), turn) for _ in range(25)]
                put(made, "%d.csv" % turn, rows)
                made.run("run", check=0)
                table.update({row[0]: row for row in rows})
                self.assertEqual(rows_of(made), sorted(table.values()), turn)
            versions = made.json("data")
            self.assertEqual(versions[-1]["rows"], len(table))
            diff = made.json("data", "diff", "d1", "d6")["rows"]
            self.assertEqual(diff["before"] + diff["added"] - diff["removed"], diff["after"])
            self.assertGreater(diff["changed"], 0)
            self.assertEqual(diff["removed"], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
