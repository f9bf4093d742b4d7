#!/usr/bin/env python3
"""One part of the rows changes: its alarm names it, and what `why` and the card say of it.

usage: slices_test.py PROGRAM SOURCE_DIR
"""
import datetime
import os
import random
import sys
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project  # noqa: E402

KINDS, CHANGED, CHANGES_ON = "abcdefgh", "h", 50


def history(days, seed=7):
    """200 rows a day; one kind of eight moves from a day on."""
    chance, table = random.Random(seed), []
    for day in range(days):
        for row in range(200):
            at = datetime.datetime(2024, 1, 1) + datetime.timedelta(days=day, seconds=432 * row)
            kind, x = chance.choice(KINDS), chance.uniform(0, 10)
            moved = 3 if kind == CHANGED and day >= CHANGES_ON else 0
            table.append({"at": at.strftime("%Y-%m-%d %H:%M:%S"), "x": round(x, 3), "kind": kind,
                          "y": round(2 * x + KINDS.index(kind) + moved + chance.gauss(0, 1), 3)})
    return table


class Slices(unittest.TestCase):
    def test_the_part_that_changed_is_named(self):
        with Project(PROGRAM, history(80), prepare="", policy="never") as project:
            with open(project.path("rondo.toml")) as file:
                toml = file.read()
            project.write("rondo.toml", toml.replace("[monitor]", '[monitor]\nslices = ["kind"]'))
            project.run("replay", "--into", "past", "--from", "2024-02-05", check=0)
            past = project.path("past")
            card = project.json("models", "show", "v1", folder=past)["evaluation"]
            watched = {one["where"]: one for one in card["watched_slices"]}
            self.assertEqual(set(watched), {"kind = " + kind for kind in KINDS})
            for one in watched.values():
                self.assertLess(one["test_risk"], one["risk_bound"])
            alerts = project.json("alerts", "--all", folder=past)["alerts"]
            risks = [one["sentence"] for one in alerts if one["severity"] == "risk"]
            named = [sentence for sentence in risks if "where kind = h, since 2024-02-" in sentence]
            self.assertEqual(len(named), 1, risks)
            self.assertFalse([one for one in risks if "where kind = " in one and one not in named])

    def test_a_column_that_is_none_is_named(self):
        with Project(PROGRAM, history(20), prepare="") as project:
            with open(project.path("rondo.toml")) as file:
                toml = file.read()
            project.write("rondo.toml", toml.replace("[monitor]", '[monitor]\nslices = ["kin"]'))
            said = project.run("check")
            self.assertNotEqual(said.returncode, 0, said.stdout)
            self.assertIn("monitor.slices", said.stdout + said.stderr)
            self.assertIn("kin", said.stdout + said.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
