#!/usr/bin/env python3
"""[train] quantiles, from rondo.toml to answers: as many labels below each as it says, in order in
every protocol and file, an interval around them that holds what it promises, watched and judged by
the middle one; and what cannot have quantiles is refused in words.

usage: quantiles_test.py PROGRAM SOURCE_DIR
"""
import json
import os
import random
import sys
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, rows, stamp, write_csv  # noqa: E402

LEVELS = ["0.1", "0.5", "0.9"]


def noisy(days):
    """y is 10 x, and ten times as uncertain where kind is c."""
    chance = random.Random(5)
    return [dict(row, y=10 * row["x"] + chance.gauss(0, 10 if row["kind"] == "c" else 1))
            for row in rows(days)]


def make(table, train='quantiles = [0.1, 0.5, 0.9]\n'):
    return Project(PROGRAM, table, rounds=40, prepare="", train="rate = 0.3\n" + train,
                   metric="auto")


class Quantiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = make(noisy(90))
        cls.addClassCleanup(cls.project.__exit__)
        cls.project.run("run", check=0, timeout=400)
        cls.asked = [{"at": stamp(91, hour), "x": hour / 2.4, "kind": kind}
                     for hour in range(24) for kind in "abc"]
        write_csv(cls.project.path("ask.csv"), cls.asked)

    def test_1_the_gate_judges_all_of_them(self):
        evidence = self.project.finished("Model Evaluation")["evidence"]
        self.assertEqual(evidence["metric"], "pinball")
        self.assertEqual(evidence["baselines"][0]["name"], "quantiles")
        self.assertIn("linear", [one["name"] for one in evidence["baselines"]])
        for one in evidence["levels"]:
            self.assertAlmostEqual(one["below"]["value"], one["level"], delta=0.1)
        self.assertEqual(evidence["interval"]["around"], "quantiles")
        self.assertGreater(evidence["interval"]["inside"]["value"], 0.8)
        card = self.project.run("models", "show", "v1", check=0).stdout
        self.assertIn("Are its quantiles where they say?", card)
        self.assertIn("from the lowest quantile to the highest, wider at both ends by", card)
        self.project.run("report", "v1", "-o", "page.html", check=0)
        self.assertIn("Are its quantiles where they say?", self.project.text("page.html"))
        self.assertTrue(self.project.json("reproduce")["same"])

    def test_2_a_file_has_a_column_a_level(self):
        self.project.run("predict", "ask.csv", "-o", "said.csv", "--interval", check=0)
        head, *lines = [line.split(",") for line in self.project.text("said.csv").splitlines()]
        places = [head.index("quantile_" + level) for level in LEVELS]
        wide = {"a": [], "c": []}
        for line, row in zip(lines, self.asked):
            said = [float(line[place]) for place in places]
            self.assertEqual(said, sorted(said))
            self.assertEqual(float(line[head.index("prediction")]), said[1])
            low, high = (float(line[head.index("interval_" + end)]) for end in ("low", "high"))
            self.assertLessEqual(low, high)
            wide.setdefault(row["kind"], []).append(high - low)
        self.assertGreater(sum(wide["c"]), 2 * sum(wide["a"]), "it knows where it is uncertain")
        told = self.project.run("predict", "ask.csv", "--json", "--explain", check=0).stdout
        first = json.loads(told.splitlines()[0])
        self.assertEqual(sorted(first["quantiles"]), LEVELS)
        for level in LEVELS:
            sum_of = first["base_score"][level] + sum(first["contributions"][level].values())
            self.assertAlmostEqual(sum_of, first["quantiles"][level], delta=2)

        shown = self.project.run("models", "explain", "v1", "--row", "ask.csv", check=0).stdout
        self.assertTrue(shown.startswith("row 1: "), shown[:200])
        self.assertIn("0.9  x", shown)

    def test_3_each_protocol_answers_them(self):
        self.project.run("predict", "ask.csv", "-o", "said.csv", check=0)
        head, *lines = [line.split(",") for line in self.project.text("said.csv").splitlines()]
        expected = [[float(line[head.index("quantile_" + level)]) for level in LEVELS]
                    for line in lines]
        up, base = self.project.up()
        try:
            body = {"rows": [{"_time": row["at"].replace(" ", "T") + "Z", "x": row["x"],
                              "kind": row["kind"]} for row in self.asked]}
            status, said = ask(base, "/api/v1/predict?interval=true", body)
            self.assertEqual(status, 200, said)
            for one, values in zip(said["predictions"], expected):
                self.assertEqual([one["quantiles"][level] for level in LEVELS], values)
                self.assertEqual(one["value"], values[1])
                self.assertLessEqual(one["low"], one["high"])
            described = ask(base, "/v2/models/toy")[1]["outputs"]
            self.assertEqual([one["parameters"]["levels"] for one in described
                              if one["name"] == "quantiles"], [LEVELS])
            status, said = ask(base, "/v2/models/toy/infer", body)
            self.assertEqual([one["name"] for one in said["outputs"]], ["prediction", "quantiles"])
            self.assertEqual(said["outputs"][1]["shape"], [len(self.asked), 3])
            self.assertEqual(said["outputs"][1]["data"], sum(expected, []))
            status, said = ask(base, "/v2/models/toy/infer",
                               dict(body, outputs=[{"name": "probabilities"}]))
            self.assertEqual(status, 400)
            self.assertIn("quantiles", str(said))
            status, said = ask(base, "/invocations", {
                "dataframe_records": body["rows"], "params": {"output": "quantiles"}})
            self.assertEqual((status, len(said["predictions"][0])), (200, 3), said)
        finally:
            up.terminate()
            up.wait(60)

    def test_4_other_levels_are_another_question(self):
        text = self.project.text("rondo.toml")
        self.project.write("rondo.toml", text.replace("[0.1, 0.5, 0.9]", "[0.25, 0.75]"))
        write_csv(self.project.path("rows.csv"), noisy(110))
        self.project.run("trigger", "--why", "other levels", check=0)
        self.project.run("run", check=0, timeout=400)
        evidence = self.project.finished("Model Evaluation")["evidence"]
        self.assertNotIn("champion", evidence, "it is compared with baselines alone")
        self.assertEqual([one["level"] for one in evidence["levels"]], [0.25, 0.75])

    def test_5_what_cannot_have_them_is_refused(self):
        for train, about in (("quantiles = [0.9, 0.1]\n", "are no levels"),
                             ("quantiles = [0.5]\nlearners = [\"forest\"]\n", "trees")):
            with make(rows(30), train) as project:
                self.assertIn(about, project.run("check", check=3).stderr)
        table = [dict(row, y="yes" if row["x"] > 5 else "no") for row in rows(30)]
        with make(table) as project:
            self.assertIn("ask for a number", project.run("check", check=3).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
