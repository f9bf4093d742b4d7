"""Exported models as ONNX Runtime scores them, beside `rondo predict` on the same rows: floats go
the same way in every tree, so what differs is the rounding of float sums alone.
"""
import csv
import json
import os
import random
import unittest

import numpy
import onnxruntime

from project import Project, write_csv

MODELS = ("lightgbm_regression.txt", "lightgbm_binary.txt", "lightgbm_multiclass.txt",
          "lightgbm_poisson.txt", "xgboost_regression.json", "xgboost_binary.json",
          "xgboost_multiclass.json")
LINE = ('[project]\nname = "line"\ntarget = "y"\n[collect]\nsource = "rows.csv"\n[train]\n'
        'learners = ["linear"]\n')
QUANTILES = LINE.replace('learners = ["linear"]', "quantiles = [0.1, 0.5, 0.9]\nrounds = 80")
SURE = LINE.replace('["linear"]', '["trees"]\nbudget = "1 candidate"\nrate = 1.0\nleaves = 255\n'
                    'min_leaf = 2\nrounds = 6\n[evaluate]\ncalibrate = "%s"')
TOML = '[project]\nname = "flat"\ntarget = "y"\n[collect]\nsource = "rows.csv"\n'


def cuts(path):
    """Numbers that LightGBM's text compares with: where a wrong way would show."""
    with open(path) as file:
        lines = [line[10:].split() for line in file if line.startswith("threshold=")]
    return sorted({float(word) for line in lines for word in line if abs(float(word)) < 1e30})


def line_row(chance, answer):
    """Numbers that floats hold, some missing, and a category; y follows from all of them."""
    x = chance.randrange(-80, 80) / 8
    z = None if chance.random() < .2 else chance.randrange(1000)
    kind = chance.choice(["a", "b", "c", None])
    level = {"a": 0, "b": 4, "c": -4, None: 1}[kind]
    y = abs(x) + (7 if z is None else z / 100) + level + chance.gauss(0, 1)
    return {"x": x, "z": z, "kind": kind, "y": answer(y)}


def predicted(room):
    """What `rondo predict` answers to in.csv by v1. Shape: rows x classes, of two the second, or x
    levels."""
    room.run("predict", "in.csv", "--model", "v1", "-o", "out.csv", check=0)
    with open(room.path("out.csv")) as file:
        lines = list(csv.DictReader(file))
    wanted = [key for key in lines[0] if key.startswith(("probability_", "quantile_"))]
    wanted = wanted[1:] if len(wanted) == 2 else wanted or ["prediction"]
    return numpy.array([[float(line[key]) for key in wanted] for line in lines])


class Onnx(unittest.TestCase):
    program = source = None  # set by clients_test.py

    def test_linear_models_and_quantiles_too(self):
        answers = {"numbers": lambda y: round(y, 3), "two": lambda y: "yes" if y > 10 else "no",
                   "three": lambda y: "low" if y < 7 else "middle" if y < 12 else "high",
                   "quantiles": lambda y: round(y, 3)}
        for name, answer in answers.items():
            with self.subTest(name=name), Project(self.program) as room:
                chance = random.Random(5)
                room.write("rondo.toml", QUANTILES if name == "quantiles" else LINE)
                write_csv(room.path("rows.csv"), [line_row(chance, answer) for _ in range(900)])
                room.run("run", check=0)
                features = room.json("export", "v1", "--to", "onnx", "-o", "m.onnx")["features"]
                table = [dict(line_row(chance, answer), x=chance.choice([-1e6, -3.5, 0, 1e6]))
                         for _ in range(400)] + [line_row(chance, answer) for _ in range(400)]
                write_csv(room.path("in.csv"), table)
                ours = predicted(room)
                asked = [[float("nan") if row[f["column"]] is None
                          else float(f["categories"].index(row["kind"]))
                          if f["kind"] == "category" else float(row[f["column"]])
                          for f in features] for row in table]
                session = onnxruntime.InferenceSession(room.path("m.onnx"))
                theirs = session.run(["prediction"], {
                    "features": numpy.array(asked, dtype=numpy.float32)})[0]
                self.assertGreater(numpy.ptp(ours), 0.1)
                # Sums of 80 trees' floats of up to 25 are near 0 as far off as elsewhere.
                near = 2e-5 if name == "quantiles" else 5e-6
                numpy.testing.assert_allclose(theirs, ours, rtol=5e-6, atol=near)
                refused = room.run("export", "v1", "--to", "lightgbm", "-o", "m.txt", check=3)
                self.assertIn("LightGBM's text has ", refused.stderr)

    def test_probabilities_are_those_behind_the_map(self):
        noise = random.Random(7)  # so that trees of few rows believe what chance showed them

        def two(y):
            return "yes" if y + noise.gauss(0, 6) > 10 else "no"

        def three(y):
            y += noise.gauss(0, 4)
            return "low" if y < 7 else "middle" if y < 12 else "high"

        for name in ("platt", "beta", "isotonic", "venn_abers", "temperature"):
            with self.subTest(name=name), Project(self.program) as room:
                chance = random.Random(5)
                room.write("rondo.toml", SURE % name)
                answer = three if name == "temperature" else two
                write_csv(room.path("rows.csv"), [line_row(chance, answer) for _ in range(3000)])
                room.run("run", check=0)
                said = room.json("export", "v1", "--to", "onnx", "-o", "m.onnx")
                self.assertEqual(said["answering"], {}, "the map would be applied twice")
                self.assertTrue(any("behind the map (%s)" % name in note
                                    for note in said["notes"]), said["notes"])
                table = [line_row(chance, answer) for _ in range(2000)]
                write_csv(room.path("in.csv"), table)
                ours = predicted(room)
                asked = [[float("nan") if row[f["column"]] is None
                          else float(f["categories"].index(row["kind"]))
                          if f["kind"] == "category" else float(row[f["column"]])
                          for f in said["features"]] for row in table]
                session = onnxruntime.InferenceSession(room.path("m.onnx"))
                raw, theirs = session.run(["raw_score", "prediction"], {
                    "features": numpy.array(asked, dtype=numpy.float32)})
                before = 1 / (1 + numpy.exp(-raw)) if raw.shape[1] == 1 else \
                    numpy.exp(raw) / numpy.exp(raw).sum(axis=1, keepdims=True)
                self.assertGreater(numpy.abs(before - ours).max(), 0.05, "the map does nothing")
                # Where a map has steps, rounding may take a score over one.
                off = ~numpy.isclose(theirs, ours, rtol=2e-5, atol=2e-6)
                self.assertLessEqual(off.mean(), 0.002 if name in ("isotonic", "venn_abers") else 0)

    def cell(self, chance, feature, near):
        """A float as both read it; NaN where it is missing."""
        if feature["kind"] == "category":
            return float(chance.randrange(max(len(feature["categories"]), 1)))
        at = numpy.float32(chance.choice(near + [0.0, -0.0, 3.25]))
        return float(chance.choice([at, numpy.nextafter(at, numpy.float32(1e9)),
                                    numpy.nextafter(at, numpy.float32(-1e9)),
                                    numpy.float32(chance.uniform(-20, 45)),
                                    numpy.float32("nan")]))

    def test_the_same_answers(self):
        for name in MODELS:
            with self.subTest(name=name), Project(self.program) as room:
                room.write("rondo.toml", TOML)
                path = os.path.join(self.source, "tests", "data", "foreign", name)
                said = json.loads(room.run("import", path, "-o", "a.rondo", "--json",
                                           check=0).stdout)
                room.write("rows.csv", ",".join(said["features"] + ["y"]) + "\n")
                room.run("import", path, check=0)
                features = room.json("export", "v1", "--to", "onnx", "-o", "m.onnx")["features"]
                room.run("export", "v1", "--to", "lightgbm", "-o", "m.txt", check=0)
                near, chance = cuts(room.path("m.txt")), random.Random(3)
                table = [[self.cell(chance, f, near) for f in features] for _ in range(2000)]
                write_csv(room.path("in.csv"), [
                    {f["feature"]: None if x != x else f["categories"][int(x)]
                     if f["kind"] == "category" and f["categories"] else repr(x)
                     for f, x in zip(features, row)} for row in table])
                ours = predicted(room)
                session = onnxruntime.InferenceSession(room.path("m.onnx"))
                theirs = session.run(["prediction"], {
                    "features": numpy.array(table, dtype=numpy.float32)})[0]
                self.assertEqual(theirs.shape, ours.shape)
                self.assertGreater(numpy.ptp(ours), 0.1)
                numpy.testing.assert_allclose(theirs, ours, rtol=2e-6, atol=2e-6)
