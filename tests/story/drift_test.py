#!/usr/bin/env python3
"""Two files compared without a project: what moved and by how much, by our own convention and by
those of other tools, as text, as JSON and as a page.

usage: drift_test.py PROGRAM SOURCE_DIR
"""
import gzip
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv[1])


def people(seed, hours, jobs, gaps, count=600):
    """Rows with a known law: `hours` moves one column, `jobs` another, `gaps` a third."""
    chance = random.Random(seed)
    return [{"age": chance.randint(18, 65), "hours": round(chance.gauss(hours, 5), 2),
             "job": chance.choice(jobs), "score": None if chance.random() < gaps
             else round(chance.gauss(0, 1), 3)} for _ in range(count)]


def as_csv(rows):
    return "".join(",".join("" if cell is None else str(cell) for cell in line) + "\n"
                   for line in [rows[0].keys()] + [row.values() for row in rows])


def as_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


class Drift(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="rondo-test-")
        self.addCleanup(self.folder.cleanup)
        self.may = people(1, 40, ["clerk", "nurse", "cook"], 0.02)
        self.june = people(2, 45, ["clerk", "nurse", "cook", "pilot"], 0.3)
        self.write("may.csv", as_csv(self.may).encode())
        self.write("june.csv", as_csv(self.june).encode())

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)

    def run_drift(self, *words, code=0):
        done = subprocess.run([PROGRAM, "drift", *words], cwd=self.folder.name,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def drift(self, *words):
        return json.loads(self.run_drift(*words, "--json").stdout)

    def test_what_moved_stands_first_with_its_numbers(self):
        drift = self.drift("may.csv", "june.csv")
        names = [column["name"] for column in drift["columns"]]
        self.assertEqual((drift["moved"], set(names[:3])), (3, {"hours", "job", "score"}))
        self.assertEqual(names[3], "age")
        column = {c["name"]: c for c in drift["columns"]}
        self.assertEqual(column["job"]["new"], {"count": 1, "rows": sum(
            row["job"] == "pilot" for row in self.june), "values": ["pilot"]})
        mean = sum(row["hours"] for row in self.june) / len(self.june)
        self.assertAlmostEqual(column["hours"]["current"]["mean"], mean, places=9)
        gaps = sum(row["score"] is None for row in self.june)
        self.assertEqual(column["score"]["current"]["missing"], gaps)
        self.assertEqual(sum(column["hours"]["histogram"]["current"]), len(self.june))
        said = self.run_drift("may.csv", "june.csv").stdout
        self.assertIn("3 of 4 columns moved", said)
        self.assertIn("new pilot", said)

    def test_fails_only_when_asked_and_moved(self):
        self.run_drift("may.csv", "june.csv")
        self.run_drift("may.csv", "june.csv", "--fail", code=4)
        self.run_drift("may.csv", "may.csv", "--fail")
        self.write("less.csv", as_csv([{"age": row["age"]} for row in self.may]).encode())
        drift = self.drift("may.csv", "less.csv")
        self.assertEqual((drift["moved"], drift["gone"]), (0, ["hours", "job", "score"]))
        self.run_drift("may.csv", "less.csv", "--fail", code=4)
        self.assertEqual(self.drift("less.csv", "may.csv")["come"], ["hours", "job", "score"])

    def test_every_format_says_the_same(self):
        expected = self.drift("may.csv", "june.csv")["columns"]
        self.write("june.jsonl", as_lines(self.june).encode())
        self.write("june.csv.gz", gzip.compress(as_csv(self.june).encode()))
        for name in ("june.jsonl", "june.csv.gz"):
            self.assertEqual(self.drift("may.csv", name)["columns"], expected, name)

    def test_numbers_of_other_tools(self):
        """Each by its formula, written down once more."""
        may, june = self.may, self.june

        def measured(tool, name):
            columns = self.drift("may.csv", "june.csv", "--like", tool)["columns"]
            return next(c for c in columns if c["name"] == name)

        jobs = sorted({row["job"] for row in may + june})
        shares = [[sum(row["job"] == job for row in rows) / len(rows) for job in jobs]
                  for rows in (may, june)]
        self.assertAlmostEqual(measured("tfdv", "job")["distance"],
                               max(abs(p - q) for p, q in zip(*shares)), places=12)
        divergence = sum(x * math.log2(2 * x / (p + q)) / 2 for p, q in zip(*shares)
                         for x in (p, q) if x > 0)
        self.assertAlmostEqual(measured("nannyml", "job")["distance"], math.sqrt(divergence),
                               places=12)
        ours = measured("evidently", "hours")
        values = [sorted(row["hours"] for row in rows) for rows in (may, june)]
        gap = max(abs(sum(v <= x for v in values[0]) / 600 - sum(v <= x for v in values[1]) / 600)
                  for x in values[0] + values[1])
        # Equal sizes n: 2 sum over k of (-1)^(k+1) C(2n, n - k h)/C(2n, n), h = n gap.
        h, whole = round(600 * gap), math.comb(1200, 600)
        p = 2 * sum((-1) ** (k + 1) * math.comb(1200, 600 - k * h) / whole
                    for k in range(1, 600 // h + 1))
        self.assertEqual(ours["measure"], "ks_p")
        self.assertAlmostEqual(ours["distance"] / p, 1, places=9)
        self.assertEqual(measured("evidently", "job")["distance"], 0, "pilot was impossible")

    def test_the_page_stands_alone_and_is_the_same_each_time(self):
        pages = []
        for name in ("one.html", "two.html"):
            self.run_drift("may.csv", "june.csv", "--html", name)
            with open(self.path(name)) as file:
                pages.append(file.read())
        self.assertEqual(*pages)
        self.assertIn("3 of 4 columns moved", pages[0])
        self.assertEqual(pages[0].count("<svg"), 4)
        self.assertIsNone(re.search(r"<script|<link|https?://|url\(", pages[0]))

    def test_what_cannot_be_read_is_told(self):
        wrong = as_csv(self.june).split("\n")
        wrong[1] = "old" + wrong[1][wrong[1].index(","):]
        wrong[2] = "too,few"
        self.write("wrong.csv", "\n".join(wrong).encode())
        said = self.run_drift("may.csv", "wrong.csv").stdout
        self.assertIn("1 cell of age in wrong.csv is no integer, and taken as missing", said)
        self.assertIn("a record of wrong.csv could not be read: wrong.csv:3", said)
        self.assertIn("none.csv was not found", self.run_drift("may.csv", "none.csv",
                                                              code=3).stderr)
        self.write("other.csv", b"x,y\n1,2\n")
        self.assertIn("share no column", self.run_drift("may.csv", "other.csv", code=3).stderr)
        self.assertIn("--like is own, evidently, nannyml or tfdv", self.run_drift(
            "may.csv", "june.csv", "--like", "whylogs", code=2).stderr)
        self.run_drift("may.csv", "june.csv", "--threshold", "far", code=2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
