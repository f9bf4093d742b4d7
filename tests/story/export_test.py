#!/usr/bin/env python3
"""Models leave in the formats of others, and say the same there: LightGBM's text is read back by
our own import and by LightGBM's library, in the same bits; what a format cannot say is refused.

usage: export_test.py PROGRAM SOURCE_DIR
"""
import csv
import json
import os
import random
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, write_csv  # noqa: E402

FOREIGN = os.path.join(SOURCE, "tests", "data", "foreign")
MODELS = ("lightgbm_regression.txt", "lightgbm_binary.txt", "lightgbm_multiclass.txt",
          "lightgbm_poisson.txt", "xgboost_regression.json", "xgboost_binary.json",
          "xgboost_multiclass.json")
TOML = """[project]
name = "flat"
target = "y"

[collect]
source = "rows.csv"

[train]
budget = "1 candidate"
learners = ["trees"]
rounds = 20
min_leaf = 5
"""


def table(count, seed=3):
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        x, kind = chance.uniform(-9, 9), chance.choice(["a", "b", "c", "d d"])
        made.append({"x": round(x, 3), "a column": chance.choice([1, 2, 3, None]), "kind": kind,
                     "y": round(4 * abs(x) + {"a": 0, "b": 5, "c": 9, "d d": 2}[kind], 3)})
    return made


class Export(unittest.TestCase):
    def setUp(self):
        self.project = Project(PROGRAM, table(500))
        self.addCleanup(self.project.__exit__)
        self.project.write("rondo.toml", TOML)

    def predictions(self, version, name="in.csv"):
        return [json.loads(line) for line in self.project.run(
            "predict", name, "--model", version, "--json", check=0).stdout.splitlines()]

    def test_a_model_of_ours_comes_back_the_same(self):
        self.comes_back_the_same()

    def test_what_a_search_chose_comes_back_the_same(self):
        self.project.write("rondo.toml", TOML.replace("1 candidate", "6 candidates"))
        self.comes_back_the_same()

    def comes_back_the_same(self):
        self.project.run("run", check=0)
        said = self.project.json("export", "--to", "lightgbm", "-o", "m.txt")
        self.assertEqual([f["feature"] for f in said["features"]], ["x", "a column", "kind"])
        kinds = said["features"][2]["categories"]
        with open(self.project.path("m.txt")) as file:
            text = file.read()
        self.assertIn("feature_names=x a_column kind\n", text)
        self.project.run("import", "m.txt", "-o", "back.rondo", check=0)  # compares the library's
        # Where nothing is missing the two pipelines read the same cells.
        asked = [dict(row, y=None) for row in table(300, seed=9)
                 if row["a column"] is not None and row["kind"] in kinds]
        self.assertGreater(len(asked), 100)
        write_csv(self.project.path("in.csv"), asked)
        write_csv(self.project.path("plain.csv"),
                  [{k.replace(" ", "_"): v for k, v in row.items()} for row in asked])
        ours = self.predictions("v1")
        theirs = self.predictions("back.rondo", "plain.csv")
        self.assertEqual([one["prediction"] for one in ours],
                         [one["prediction"] for one in theirs])
        self.assertGreater(len({one["prediction"] for one in ours}), 50)

    def test_models_of_others_go_through(self):
        """Every rule, link and number of outputs; the import compares with LightGBM's library."""
        for name in MODELS:
            with self.subTest(name=name), Project(PROGRAM) as room:
                said = json.loads(room.run("import", os.path.join(FOREIGN, name), "-o", "a.rondo",
                                           "--json", check=0).stdout)
                room.write("rondo.toml", TOML)
                room.write("rows.csv", ",".join(said["features"] + ["y"]) + "\n")
                done = room.run("import", os.path.join(FOREIGN, name))
                self.assertEqual(done.returncode, 0, done.stderr)
                room.run("export", "v1", "--to", "lightgbm", "-o", "b.txt", check=0)
                back = json.loads(room.run("import", "b.txt", "-o", "b.rondo", "--json",
                                           check=0).stdout)
                self.assertGreater(back["compared"]["library"], 0)
                self.assertEqual(back["trees"], said["trees"])
                room.run("import", "b.txt", check=0)
                room.run("export", "v2", "--to", "lightgbm", "-o", "c.txt", check=0)
                with open(room.path("b.txt")) as first, open(room.path("c.txt")) as second:
                    self.assertEqual(first.read(), second.read())
                chance = random.Random(5)
                asked = [{f: chance.choice([-1, 0, 0.5, 1, 2, 3, 12, 13, 25.5, None])
                          for f in said["features"]} for _ in range(200)]
                write_csv(room.path("in.csv"), asked)
                values = []
                for file in ("a.rondo", "b.rondo"):
                    done = room.run("predict", "in.csv", "--model", file, "-o", "out.csv")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    with open(room.path("out.csv")) as out:
                        lines = [list(row.values())[1:-1] for row in csv.DictReader(out)]
                    values.append([[cell for cell in line if cell[:1] in "-0123456789"]
                                   for line in lines])
                    os.remove(room.path("out.csv"))
                self.assertEqual(values[0], values[1])

    def test_what_cannot_be_said(self):
        with Project(PROGRAM, rows(20)) as lagged:
            lagged.run("run", check=0)
            for to in ("onnx", "lightgbm"):
                said = lagged.run("export", "--to", to, "-o", "x", check=3).stderr
                self.assertIn("no parts of time, lags or made features", said)
            said = lagged.run("export", "--to", "onnx", "--features", "-o", "x", check=0).stdout
            self.assertIn("inputs are floats", said)
            self.assertIn("who asks it makes", said)
            said = lagged.run("export", "--to", "pmml", "-o", "y", check=2).stderr
            self.assertIn("rondo, onnx or lightgbm", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
