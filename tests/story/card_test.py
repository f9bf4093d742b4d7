#!/usr/bin/env python3
"""A version is told in full: its page is one file without outside links and the same each time,
what it goes by is the column that matters, for rows of a file the reasons add up, and a promise
of [[evaluate.invariant]] that a model breaks keeps it out.

usage: card_test.py PROGRAM SOURCE_DIR
"""
import json
import os
import re
import sys
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows, write_csv  # noqa: E402

PROMISE = """
[[evaluate.invariant]]
column = "x"
change = "%s"
answer = "not lower"
"""


class Card(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, rows(40), cool_down="0s")
        cls.addClassCleanup(cls.project.__exit__)
        cls.project.run("run", check=0)

    def test_the_page_is_whole_and_the_same_each_time(self):
        p = self.project
        self.assertEqual(p.run("report", "v1", check=0).stdout, "wrote report-v1.html\n")
        page = p.text("report-v1.html")
        p.run("report", "champion", "-o", "again.html", check=0)
        self.assertEqual(p.text("again.html"), page)
        self.assertLess(len(page), 1_000_000)
        self.assertNotRegex(page, r"https?://|<script|src=|@import")
        self.assertTrue(page.endswith("</body></html>\n"))
        for title in ("At a glance", "Answers and truth", "Where it fails", "Why it answers",
                      "When a column breaks", "Training", "Lineage", "Steps",
                      "What this does not say"):
            self.assertIn("<h2>%s</h2>" % title, page)
        self.assertIn("promotes the first model", page)
        for tag in ("table", "svg", "tr", "g", "text"):
            self.assertEqual(len(re.findall("<%s[ >]" % tag, page)), page.count("</%s>" % tag), tag)
        gone = p.run("report", "v7", check=3)
        self.assertIn('there is no version "v7"', gone.stderr)

    def test_what_it_goes_by(self):
        found = self.project.json("models", "explain", "v1")
        self.assertEqual(found["features"][0]["feature"], "x")
        self.assertAlmostEqual(sum(one["share"] for one in found["features"]), 1, places=9)
        means = [one["mean"] for one in found["features"]]
        self.assertEqual(means, sorted(means, reverse=True))
        said = self.project.run("models", "explain", "v1", check=0).stdout
        self.assertIn("x  ", said)
        self.assertIn("\u2588", said)

    def test_rows_of_a_file_are_explained(self):
        p = self.project
        write_csv(p.path("new.csv"), rows(1, seed=9, first=40)[:3])
        lines = [json.loads(line) for line in
                 p.run("models", "explain", "v1", "--row", "new.csv", "--json",
                       check=0).stdout.splitlines()]
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertAlmostEqual(line["prediction"],
                                   sum(line["contributions"].values()) + line["base_score"], 9)
        said = p.run("models", "explain", "v1", "--row", "new.csv", check=0).stdout
        self.assertEqual(said.count("raw score"), 3)
        self.assertNotIn("scored by", said)
        self.assertIn("none.csv", p.run("models", "explain", "--row", "none.csv", check=3).stderr)

    def test_what_a_broken_column_would_cost(self):
        evaluation = self.project.json("models", "show", "v1")["evaluation"]
        columns = {one["column"]: one for one in evaluation["robustness"]["columns"]}
        self.assertEqual(set(columns), {"x", "kind"})
        self.assertGreater(columns["x"]["scaled"], 1)
        self.assertGreater(columns["kind"]["swapped"], 1)
        self.assertIsNone(columns["kind"]["noise"])
        self.assertEqual(evaluation["curve"]["kind"], "tenths")

    def test_parts_that_are_named_are_told(self):
        with Project(PROGRAM, rows(40), cool_down="0s") as p:
            text = p.text("rondo.toml")
            p.write("rondo.toml", text.replace("[evaluate]\n",
                                               '[evaluate]\nslices = ["kind", "x"]\n'))
            p.run("run", check=0)
            kind, x = p.json("models", "show", "v1")["evaluation"]["by_slice"]
            self.assertEqual((kind["column"], x["column"]), ("kind", "x"))
            self.assertEqual(len(x["parts"]), 4)
            for column in (kind, x):
                self.assertEqual(sum(part["rows"] for part in column["parts"]),
                                 p.json("models", "show", "v1")["evaluation"]["rows"])
            said = p.run("models", "show", "v1", check=0).stdout
            for words in ("At a glance", "Parts by kind", "kind = ", "held by the interval"):
                self.assertIn(words, said)
            p.run("report", "v1", check=0)
            self.assertIn("<h2>Parts by column</h2>", p.text("report-v1.html"))

    def promise(self, change):
        project = Project(PROGRAM, rows(40), cool_down="0s")
        self.addCleanup(project.__exit__)
        project.write("rondo.toml", project.text("rondo.toml") + PROMISE % change)
        project.run("run")
        return project

    def test_a_promise_that_is_broken_keeps_a_model_out(self):
        kept = self.promise("+30%")
        self.assertEqual(len(kept.json("models")), 1, kept.run("why").stdout)
        invariant, = kept.json("models", "show")["evaluation"]["invariants"]
        self.assertGreater(invariant["rows"], 100)
        self.assertLessEqual(invariant["share"], 0.01)
        broken = self.promise("-5")  # y rises with x, so it falls
        self.assertEqual(broken.json("models"), [])
        self.assertIn('the invariant "x -5: not lower" is broken in', broken.run("why").stdout)
        broken.write("rondo.toml", broken.text("rondo.toml").replace('"-5"', '"lower"'))
        said = broken.run("check", check=3).stderr
        self.assertIn('change "lower" is no change', said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
