#!/usr/bin/env python3
"""The leak guard in the life of a project: a leak stops the cycle and the old model goes on; what
is only warned of is told by `run` and `why`; a split by chance beside a clock is refused with both
figures, and lived through when somebody insists.

usage: leaks_test.py PROGRAM SOURCE_DIR
"""
import json
import os
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, write_csv  # noqa: E402


def insist(p, line):
    with open(p.path("rondo.toml")) as file:
        text = file.read()
    p.write("rondo.toml", text.replace("[evaluate]\n", "[evaluate]\n%s\n" % line))


class Leaks(unittest.TestCase):
    def test_a_leak_that_comes_later_stops_the_cycle_and_the_old_model_goes_on(self):
        first = [dict(row, extra=i % 10 + .25) for i, row in enumerate(rows(20))]
        with Project(PROGRAM, first, prepare="", cool_down="0s") as p:
            p.run("run", check=0)
            # From now on `extra` is made from y, and there are many such rows.
            later = [dict(row, extra=round(2 * row["y"], 3)) for row in rows(400, 2, first=20)]
            write_csv(p.path("rows.csv"), later, "a")
            done = p.run("run", check=3)
            told = '"extra" alone gives "y" away'
            self.assertIn(told, done.stderr)
            self.assertEqual(p.json("status")["champion"]["version"], 1)
            self.assertIn(told, p.run("why", check=0).stdout)
            ends = [f["body"] for f in p.facts() if f["kind"] == "step_finished"]
            self.assertEqual(ends[-1]["result"], "contract broken")
            self.assertEqual(ends[-1]["evidence"]["leaks"][0]["rule"], "target copy")
            found = json.loads(p.run("check", "--json", check=3).stdout)["preparation"]
            self.assertEqual([leak["columns"] for leak in found["leaks"]], [["extra"]])
            self.assertEqual(found["result"], "contract broken")

    def test_a_split_by_chance_is_refused_or_lived_through(self):
        with Project(PROGRAM, rows(20), prepare="", cool_down="0s") as p:
            insist(p, 'split = "random"')
            done = p.run("run", check=3)
            self.assertRegex(done.stderr, r"R2 0\.\d{3} when chance picks its test rows, and "
                                          r"0\.\d{3} when it learns from older rows")
            insist(p, "")
        with Project(PROGRAM, rows(20), prepare='leaks = "warn"\n', cool_down="0s") as p:
            insist(p, 'split = "random"')
            done = p.run("run", check=0)
            self.assertIn('warning: [evaluate] split is "random"', done.stdout)
            self.assertIn("test, chosen by a hash of their cells", done.stdout)
            self.assertEqual(p.json("models")[-1]["version"], 1)
            # A later cycle compares with the champion on rows that neither has learnt from.
            write_csv(p.path("rows.csv"), rows(20, seed=2, first=20), "a")
            p.run("run")
            ends = [f["body"] for f in p.facts() if f["kind"] == "step_finished"]
            last = [end for end in ends if end["stage"] == "Model Evaluation"][-1]
            self.assertIn(last["result"], ("good", "not better", "undecided"))
            self.assertIn("champion", last["evidence"])
            self.assertEqual(len([e for e in ends if e["stage"] == "Model Evaluation"]), 2)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
