#!/usr/bin/env python3
"""Neighbours from rondo.toml to the answer: trained, judged, shown, served, explained by one term,
made again; what they cannot do is refused in words.

usage: neighbours_test.py PROGRAM SOURCE_DIR
"""
import json
import os
import random
import sys
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, write_csv  # noqa: E402

TOML = """[project]
name = "board"
target = "y"

[collect]
source = "rows.csv"

[train]
budget = "1 candidate"
learners = ["neighbours"]

[deploy]
listen = "127.0.0.1:0"
"""
NAME = "_neighbours"
KINDS = ("north", "south", "west")


def table(kind, count=900, seed=3):
    """A chessboard of two columns, which no sum over columns can tell."""
    chance, made = random.Random(seed), []
    for _ in range(count):
        a, b, town = chance.uniform(0, 4), chance.uniform(0, 4), chance.choice(KINDS)
        square = int(a) + int(b) + (town == "west")
        y = {"number": 10 * (square % 2) + chance.gauss(0, 1), "two": "yes" if square % 2 else "no",
             "three": "xyz"[square % 3]}[kind]
        made.append({"a": "" if chance.random() < 0.02 else round(a, 3), "b": round(b, 3),
                     "town": town, "y": round(y, 3) if kind == "number" else y})
    return made


class Neighbours(unittest.TestCase):
    def room(self, kind, toml=TOML):
        made = Project(PROGRAM, table(kind))
        self.addCleanup(made.__exit__)
        made.write("rondo.toml", toml)
        asked = [{name: row[name] for name in ("a", "b", "town")} for row in table(kind, 40, 7)]
        write_csv(made.path("ask.csv"), asked)
        return made, asked

    def test_of_a_number_of_two_classes_and_of_three(self):
        for kind in ("number", "two", "three"):
            with self.subTest(kind=kind):
                self.goes_round(kind)

    def goes_round(self, kind):
        made, asked = self.room(kind)
        made.run("run", check=0)
        card = made.json("models", "show", "v1")
        self.assertEqual(card["training"]["learner"], "neighbours")
        kept = card["training"]["neighbours"]
        self.assertEqual(card["evaluation"]["cost"]["stored"],
                         {"rows": kept["rows"], "columns": kept["columns"]})
        self.assertIn("%d neighbours among %d rows" % (kept["k"], kept["rows"]),
                      made.run("models", "show", "v1", check=0).stdout)

        said = [json.loads(line) for line in made.run(
            "predict", "ask.csv", "--json", "--explain", check=0).stdout.splitlines()]
        self.assertGreater(len({str(one["prediction"]) for one in said}), 1)
        for one in said:
            bases, parts = one["base_score"], one["contributions"]
            if kind != "three":
                bases, parts = {"": bases}, {"": parts}
            for output, base in bases.items():
                self.assertEqual(sorted(parts[output]), [NAME, "a", "b", "town"])
                self.assertEqual([parts[output][name] for name in ("a", "b", "town")], [0, 0, 0])
            if kind == "number":
                self.assertAlmostEqual(base + parts[""][NAME], one["prediction"], 9)
        told = made.json("models", "explain", "v1")["features"]
        self.assertEqual([told[0]["feature"], told[0]["share"]], [NAME, 1])
        self.assertIn(NAME, made.run("models", "explain", "v1", "--row", "ask.csv", check=0).stdout)

        for to in ("onnx", "lightgbm"):
            refused = made.run("export", "--to", to, "-o", "out", check=3).stderr
            self.assertIn("rows of its training that it keeps", refused)
            self.assertIn('learners = ["trees", "linear", "forest"]', refused)
        self.served(made, asked, said)
        made.run("reproduce", "v1", check=0)
        made.run("fsck", check=0)
        made.run("report", "v1", "-o", "card.html", check=0)
        self.assertIn(NAME, made.text("card.html"))

    def served(self, made, asked, said):
        """The API's bits are those of the batch, one row or many."""
        rows = [{k: None if v == "" else v for k, v in row.items()} for row in asked]
        up, base = made.up()
        try:
            for some in (rows, rows[:1]):
                status, got = ask(base, "/api/v1/predict?explain=true", {"rows": some})
                self.assertEqual(status, 200, got)
                for mine, theirs in zip(got["predictions"], said):
                    self.assertEqual(mine["contributions"], theirs["contributions"])
                    self.assertEqual(mine["base"], theirs["base_score"])
            outputs = ask(base, "/v2/models/board")[1]["outputs"]
            self.assertIn(NAME, str(outputs))
        finally:
            up.terminate()
            up.wait()

    def test_what_they_cannot_is_said(self):
        made, _ = self.room("number")
        for more, words in ((TOML.replace('"neighbours"', '"neighbors"'), "neighbours"),
                            (TOML.replace("[deploy]", "quantiles = [0.5]\n\n[deploy]"), "trees"),
                            (TOML.replace("[deploy]", "monotone = { a = 1 }\n\n[deploy]"),
                             "neither lines nor neighbours keep")):
            made.write("rondo.toml", more)
            self.assertIn(words, made.run("check", check=3).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
