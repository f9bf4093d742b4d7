#!/usr/bin/env python3
"""A model that is too sure is mended, and every way of asking answers the mended probability: the
one that the gate judged, in the same bits.

usage: calibration_test.py PROGRAM SOURCE_DIR
"""
import csv
import io
import math
import os
import random
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows  # noqa: E402

TOML = """[project]
name = "visits"
target = "again"
task = "binary"

[collect]
source = "rows.csv"

[train]
learners = ["trees"]
budget = "1 candidate"
# One great step and leaves of few rows: it believes what chance showed it.
rate = 1.0
leaves = 255
min_leaf = 2
rounds = 6

[evaluate]
calibrate = "%s"

[deploy]
listen = "127.0.0.1:0"
"""


def visits(count, seed=5):
    chance = random.Random(seed)
    table = []
    for _ in range(count):
        row = {"a": round(chance.uniform(-2, 2), 3), "b": round(chance.uniform(-2, 2), 3),
               "c": chance.choice(["x", "y", "z"])}
        # No straight line tells far from near: a linear model would keep this one out.
        right = 1 / (1 + math.exp(3 - 3 * abs(row["a"]) - 0.5 * row["b"]))
        table.append({**row, "again": "yes" if chance.random() < right else "no"})
    return table


def mapped(answering, score):
    """What docs/STATISTICS.md says of a map, in Python's own arithmetic."""
    one = answering["calibration"]
    if "knots" not in one:
        s = min(max(score, 1e-15), 1 - 1e-15)
        return 1 / (1 + math.exp(-(one["a"] * math.log(s) - one["b"] * math.log1p(-s) + one["c"])))
    knots = one["knots"]
    after = next((i for i, knot in enumerate(knots) if knot[0] >= score), len(knots))
    if one["map"] == "venn_abers":
        p1 = knots[after][2] if after < len(knots) else 1.0
        p0 = knots[after - 1][1] if after > 0 else 0.0
        if after < len(knots) and knots[after][0] == score:
            p0 = knots[after][1]
        return p1 / (1 - p0 + p1)
    if after == len(knots):
        return knots[-1][1]
    if after == 0 or knots[after][0] == score:
        return knots[after][1]
    (x0, y0, _), (x1, y1, _) = knots[after - 1], knots[after]
    return y0 + (score - x0) / (x1 - x0) * (y1 - y0)


def predicted(project, rows):
    """What `rondo predict` answers to them, a line each."""
    out = io.StringIO()
    writer = csv.DictWriter(out, "abc")
    writer.writeheader()
    writer.writerows(rows)
    project.write("ask.csv", out.getvalue())
    project.run("predict", "ask.csv", "-o", "said.csv", check=0)
    return list(csv.DictReader(project.text("said.csv").splitlines()))


class Calibration(unittest.TestCase):
    def project(self, calibrate):
        project = Project(PROGRAM, visits(3000))
        project.write("rondo.toml", TOML % calibrate)
        project.run("run", check=0)
        return project

    def test_each_way_answers_the_mended_probability(self):
        with self.project("auto") as project, self.project("none") as plain:
            card = project.json("models", "show", "v1")["evaluation"]
            before = plain.json("models", "show", "v1")["evaluation"]
            self.assertNotEqual(card["calibration"]["map"], "none", card["calibration"])
            self.assertEqual(before["calibration"]["map"], "none")
            # What the gate judged is the mended one, on rows that came into no choice.
            self.assertLess(card["metrics"]["log_loss"], 0.97 * before["metrics"]["log_loss"])
            self.assertLess(card["reliability"]["calibration_error"],
                            before["reliability"]["calibration_error"])
            self.assertAlmostEqual(card["reliability"]["before"]["brier"],
                                   before["metrics"]["brier"], delta=1e-12)
            text = project.run("models", "show", "v1", check=0).stdout
            self.assertIn("calibrated: the best map, %s," % card["calibration"]["map"], text)
            self.assertIn("before its map: calibration error", text)

            said = project.json("export", "--to", "lightgbm", "-o", "m.txt")
            answering = said["answering"]
            self.assertEqual(answering["calibration"]["map"], card["calibration"]["map"])
            self.assertTrue(any("before the map" in note for note in said["notes"]), said["notes"])
            project.run("export", "-o", "m.rondo", check=0)
            self.ways(project, answering)

    def ways(self, project, answering):
        rows = [{key: row[key] for key in "abc"} for row in visits(200, seed=9)]
        filed = [float(line["probability_yes"]) for line in predicted(project, rows)]
        process, base = project.up()
        status, said = ask(base, "/api/v1/predict?explain=true", {"rows": rows}, project.token())
        self.assertEqual(status, 200, said)
        moved = 0
        for answer, in_file in zip(said["predictions"], filed, strict=True):
            served, raw = answer["probabilities"]["yes"], answer["raw_score"]
            score = 1 / (1 + math.exp(-raw))
            self.assertAlmostEqual(served, mapped(answering, score), delta=1e-12)
            self.assertEqual(served, in_file, "a request and a file differ")
            self.assertAlmostEqual(raw, answer["base"] + sum(answer["contributions"].values()),
                                   delta=1e-9)
            moved += abs(served - score) > 0.01
        self.assertGreater(moved, 100, "the map does nothing")
        columns = [{"name": key, "shape": [len(rows)],
                    "datatype": "BYTES" if key == "c" else "FP64",
                    "data": [row[key] for row in rows]} for key in "abc"]
        status, said = ask(base, "/v2/models/visits/infer",
                           {"inputs": columns, "outputs": [{"name": "probabilities"}]},
                           project.token())
        self.assertEqual(status, 200, said)
        self.assertEqual(said["outputs"][0]["data"][1::2], filed)
        process.terminate()
        process.wait(60)
        process = project.start("serve", "m.rondo", "--listen", "127.0.0.1:0")
        base = process.stdout.readline().split(" answers at ")[1].split(" ")[0]
        status, said = ask(base, "/api/v1/predict", {"rows": rows})
        self.assertEqual(status, 200, said)
        self.assertEqual([one["probabilities"]["yes"] for one in said["predictions"]], filed)
        process.terminate()
        process.wait(60)

    def test_an_interval_is_answered_as_the_card_measured_it(self):
        with Project(PROGRAM, rows(40), prepare="") as project:
            project.run("run", check=0)
            found = project.json("models", "show", "v1")["evaluation"]["interval"]
            reach = found["reach"]
            self.assertEqual(found["coverage"], 0.9)
            self.assertGreater(found["inside"]["high"], 0.9)
            text = project.run("models", "show", "v1", check=0).stdout
            self.assertIn("Do its intervals hold what they promise?", text)
            table = rows(4, seed=2, first=50)
            out = io.StringIO()
            writer = csv.DictWriter(out, table[0])
            writer.writeheader()
            writer.writerows(table)
            project.write("ask.csv", out.getvalue())
            project.run("predict", "ask.csv", "-o", "said.csv", "--interval", check=0)
            said = list(csv.DictReader(project.text("said.csv").splitlines()))
            self.assertEqual(list(said[0])[-4:],
                             ["prediction", "interval_low", "interval_high", "model_version"])
            held = 0
            for row, line in zip(table, said, strict=True):
                answer = float(line["prediction"])
                self.assertEqual(float(line["interval_low"]), answer - reach)
                self.assertEqual(float(line["interval_high"]), answer + reach)
                held += abs(row["y"] - answer) <= reach
            self.assertGreater(held, 0.8 * len(table))
            process, base = project.up()
            asked = [{key: row[key] for key in ("x", "kind")} | {"_time": row["at"]}
                     for row in table]
            status, got = ask(base, "/api/v1/predict?interval=true", {"rows": asked},
                              project.token())
            self.assertEqual(status, 200, got)
            for one, line in zip(got["predictions"], said, strict=True):
                self.assertEqual([one["value"], one["low"], one["high"]],
                                 [float(line[key]) for key in
                                  ("prediction", "interval_low", "interval_high")])
            process.terminate()
            process.wait(60)

    def test_many_classes_and_weights_are_mended_too(self):
        table = visits(3000)
        for row in table:
            row["again"] = row["again"] if row["a"] > -1 else "never" if row["b"] > 0 else "no"
            row["w"] = 1 + (row["a"] > 0)
        toml = (TOML % "auto").replace('task = "binary"\n', "")
        with Project(PROGRAM, table) as project:
            project.write("rondo.toml", toml.replace("rounds = 6", 'rounds = 6\nweight = "w"'))
            project.run("run", check=0)
            card = project.json("models", "show", "v1")["evaluation"]
            self.assertEqual(card["calibration"]["map"], "temperature", card["calibration"])
            text = project.run("models", "show", "v1", check=0).stdout
            self.assertIn("calibrated: the best map, temperature,", text)
            project.run("report", "v1", "-o", "v1.html", check=0)
            self.assertIn("Map of the probabilities: temperature.", project.text("v1.html"))
            said = project.json("export", "--to", "lightgbm", "-o", "m.txt")
            power = said["answering"]["calibration"]["power"]
            self.assertLess(power, 0.9)
            asked = [{key: row[key] for key in "abc"} for row in visits(200, seed=9)]
            names = ["never", "no", "yes"]
            filed = [[float(line["probability_" + name]) for name in names]
                     for line in predicted(project, asked)]
            process, base = project.up()
            status, got = ask(base, "/api/v1/predict?explain=true", {"rows": asked},
                              project.token())
            self.assertEqual(status, 200, got)
            for one, line in zip(got["predictions"], filed, strict=True):
                self.assertEqual([one["probabilities"][name] for name in names], line)
                powers = [math.exp(power * one["raw_score"][name]) for name in names]
                for p, x in zip(line, powers, strict=True):
                    self.assertAlmostEqual(p, x / sum(powers), delta=1e-12)
            process.terminate()
            process.wait(60)
        two = visits(3000)
        for row in two:
            row["w"] = 1 + (row["a"] > 0)
        with Project(PROGRAM, two) as project:
            project.write("rondo.toml", (TOML % "auto").replace(
                "rounds = 6", 'rounds = 6\nweight = "w"'))
            project.run("run", check=0)
            card = project.json("models", "show", "v1")["evaluation"]
            self.assertNotEqual(card["calibration"]["map"], "none", card["calibration"])
            self.assertEqual(len(card["calibration"]["trials"]), 4)

    def test_each_way_answers_the_class_that_the_threshold_says(self):
        toml = (TOML % "none").replace("rate = 1.0", "rate = 0.1").replace(
            "leaves = 255", "leaves = 7").replace("min_leaf = 2", "min_leaf = 20").replace(
            "rounds = 6", "rounds = 60").replace("[deploy]", "cost = {fp = 1, fn = 5}\n\n[deploy]")
        with Project(PROGRAM, visits(3000)) as project:
            project.write("rondo.toml", toml)
            project.run("run", check=0)
            found = project.json("models", "show", "v1")["evaluation"]["threshold"]
            self.assertLess(abs(found["threshold"] - 1 / 6), 0.1)
            self.assertLess(found["mean_cost"], found["mean_cost_at_half"])
            self.assertEqual(len(found["curve"]), 20)
            text = project.run("models", "show", "v1", check=0).stdout
            self.assertIn("From which probability on it answers positive", text)
            self.assertIn("%.3f *" % found["threshold"], text)
            table = [{key: row[key] for key in "abc"} for row in visits(300, seed=9)]
            said = predicted(project, table)
            wanted = ["yes" if float(line["probability_yes"]) >= found["threshold"] else "no"
                      for line in said]
            self.assertEqual([line["prediction"] for line in said], wanted)
            between = sum(found["threshold"] <= float(line["probability_yes"]) < 0.5
                          for line in said)
            self.assertGreater(between, 30)
            process, base = project.up()
            status, got = ask(base, "/api/v1/predict", {"rows": table}, project.token())
            self.assertEqual(status, 200, got)
            self.assertEqual([one["value"] for one in got["predictions"]], wanted)
            process.terminate()
            process.wait(60)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
