#!/usr/bin/env python3
"""Rows of another kind come: the alarm says mix, and the cycle weighs its rows like them.

usage: mix_test.py PROGRAM SOURCE_DIR
"""
import datetime
import os
import random
import sys
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project  # noqa: E402

CHANGES_ON = 80


def history(days, seed=5):
    """100 rows a day. Of the kind "wild" nobody can foretell y; it comes often from a day on."""
    chance, table = random.Random(seed), []
    for day in range(days):
        for row in range(100):
            at = datetime.datetime(2024, 1, 1) + datetime.timedelta(days=day, seconds=864 * row)
            wild = chance.random() < (0.7 if day >= CHANGES_ON else 0.15)
            x = chance.uniform(0, 10)
            table.append({"at": at.strftime("%Y-%m-%d %H:%M:%S"), "x": round(x, 3),
                          "kind": "wild" if wild else "tame",
                          "y": round(2 * x + chance.gauss(0, 8 if wild else 1), 3)})
    return table


class Mix(unittest.TestCase):
    def test_the_cycle_after_it_weighs_its_rows(self):
        with Project(PROGRAM, history(115), prepare="", new_data=0) as project:
            project.run("replay", "--into", "past", "--from", "2024-03-11", check=0)
            past = project.path("past")
            alerts = project.json("alerts", "--all", folder=past)["alerts"]
            risks = [one["sentence"] for one in alerts if one["severity"] == "risk"]
            self.assertTrue(risks)
            self.assertIn("% mix", risks[0])
            facts = project.facts(folder=past)
            trained = [f["body"] for f in facts if f["kind"] == "step_finished"
                       and f["body"]["stage"] == "Model Training"]
            weighed = [body for body in trained if "mix" in body.get("evidence", {})]
            self.assertTrue(weighed, [body["reason"] for body in trained])
            self.assertNotIn("mix", trained[0]["evidence"], "the first model has nothing to follow")
            self.assertIn("count more", weighed[0]["reason"])
            self.assertAlmostEqual(sum(weighed[0]["evidence"]["mix"]), 1, places=3)
            decided = [f["body"] for f in facts if f["kind"] == "decision"
                       and "is mix: the rows to train on are weighed" in f["body"]["reason"]]
            self.assertTrue(decided)
            self.assertGreater(decided[0]["numbers"]["mix"]["mix"], 2 / 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
