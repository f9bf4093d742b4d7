#!/usr/bin/env python3
"""[train] weight, class_weight and monotone, from rondo.toml to answers: rows without weight teach
nothing and are not measured, probabilities stay true whatever weight a class has, and an answer
never falls as its feature grows. Each comes out the same when it is made again.

usage: weights_test.py PROGRAM SOURCE_DIR
"""
import os
import random
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, stamp, write_csv  # noqa: E402


def weighted():
    """At three in the night all is wrong by 500, and weighs nothing."""
    return [dict(row, y=row["y"] + (500 if " 03:" in row["at"] else 0),
                 w=0 if " 03:" in row["at"] else 2.5) for row in rows(30)]


def make(table, train, **settings):
    project = Project(PROGRAM, table, rounds=40, **settings)
    text = project.text("rondo.toml")
    project.write("rondo.toml", text.replace("[train]\n", "[train]\n" + train))
    return project


class Weights(unittest.TestCase):
    def test_rows_count_by_their_weight(self):
        with make(weighted(), 'weight = "w"\n') as project:
            project.run("run", check=0)
            self.assertEqual(project.finished("Model Training")["evidence"]["weight"], "w")
            evidence = project.finished("Model Evaluation")["evidence"]
            self.assertEqual(evidence["weight"], "w")
            self.assertLess(evidence["value"], 3, "a row in 24 that is wrong by 500 costs 20")
            names = project.finished("Data Preparation")["evidence"]["features"]
            self.assertNotIn("w", names)
            card = project.run("models", "show", "v1", check=0).stdout
            self.assertIn("a row counts as much as its w says, in metrics too", card)
            ask = [{"at": stamp(31, hour), "x": 5, "kind": "a"} for hour in (2, 3, 4)]
            write_csv(project.path("ask.csv"), ask)
            project.run("predict", "ask.csv", "-o", "said.csv", check=0)
            head, *lines = [line.split(",") for line in project.text("said.csv").splitlines()]
            said = [float(line[head.index("prediction")]) for line in lines]
            self.assertLess(max(said), 100, "the night has no part in it")
            self.assertTrue(project.json("reproduce")["same"])

    def test_weights_that_cannot_be_are_named(self):
        table = weighted()
        table[5]["w"], table[9]["w"] = None, -1
        with make(table, 'weight = "w"\n') as project:
            said = project.run("run", check=3).stderr
            self.assertIn('rows have no weight of 0 or more in "w": in the first, row 5 of d1, it '
                          "is missing; `rondo data show d1 --origin` tells its file and line", said)
            text = project.text("rondo.toml")
            project.write("rondo.toml", text.replace('"w"', '"ww"'))
            said = project.run("check", check=3).stderr
            self.assertIn('train.weight: the source has no column "ww"; did you mean "w"?', said)

    def test_probabilities_stay_true(self):
        chance = random.Random(5)
        table = [dict(row, y="yes" if chance.random() < (0.5 if 3 < row["x"] < 7 else 0.1)
                      else "no")
                 for row in rows(90)]
        said = {}
        for weights in ("", "class_weight = { yes = 20 }\n"):
            with make(table, weights, prepare="", metric="log_loss") as project:
                project.run("run", check=0)
                evidence = project.finished("Model Evaluation")["evidence"]
                said[weights] = evidence["value"]
                if weights:
                    card = project.run("models", "show", "v1", check=0).stdout
                    self.assertIn("classes were learned with the weights yes 20; probabilities are "
                                  "put right", card)
                    self.assertTrue(project.json("reproduce")["same"])
                ask = [{"at": stamp(91, hour), "x": hour / 2.4, "kind": kind}
                       for hour in range(24) for kind in "abc"]
                write_csv(project.path("ask.csv"), ask)
                project.run("predict", "ask.csv", "-o", "said.csv", check=0)
                head, *lines = [line.split(",") for line in project.text("said.csv").splitlines()]
                p = [float(line[head.index("probability_yes")]) for line in lines]
                self.assertLess(abs(sum(p) / len(p) - 0.25), 0.08, "9 of 24 ask with 0.5")
        self.assertLess(max(said.values()), 1.1 * min(said.values()))

    def test_a_class_that_is_none_is_told(self):
        with make(rows(30), "class_weight = { yes = 5 }\n") as project:
            self.assertIn('[train] class_weight: the target "y" is a number without classes',
                          project.run("run").stderr)

    def test_answers_never_fall(self):
        with make(rows(30), "monotone = { x = 1 }\n") as project:
            project.run("run", check=0)
            table = [{"at": stamp(31, hour), "x": x / 10, "kind": kind}
                     for hour in (5, 12) for kind in "abc" for x in range(101)]
            write_csv(project.path("ask.csv"), table)
            project.run("predict", "ask.csv", "-o", "said.csv", check=0)
            head, *lines = [line.split(",") for line in project.text("said.csv").splitlines()]
            said = [float(line[head.index("prediction")]) for line in lines]
            for start in range(0, len(said), 101):
                part = said[start:start + 101]
                self.assertEqual(part, sorted(part))
                self.assertGreater(part[-1] - part[0], 10)

    def test_names_that_are_no_feature_are_told(self):
        with make(rows(30), "monotone = { xx = 1 }\n") as project:
            said = project.run("run").stderr
            self.assertIn('[train] monotone names "xx", which is no feature', said)
            self.assertIn('did you mean "x"?', said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
