#!/usr/bin/env python3
"""Which loss is watched, by what name it is told, and labels that are asked for.

usage: losses_test.py PROGRAM SOURCE_DIR
"""
import datetime
import math
import os
import random
import sys
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project  # noqa: E402

CHANGES_ON = 80


def history(days, seed=7):
    """120 rows a day of two classes; from a day on what predicted them says less."""
    chance, table = random.Random(seed), []
    for day in range(days):
        for row in range(120):
            at = datetime.datetime(2024, 1, 1) + datetime.timedelta(days=day, seconds=720 * row)
            x = chance.uniform(-3, 3)
            slope = 0.3 if day >= CHANGES_ON else 1.5
            y = "yes" if chance.random() < 1 / (1 + math.exp(-slope * x - 1)) else "no"
            table.append({"at": at.strftime("%Y-%m-%d %H:%M:%S"), "x": round(x, 3), "y": y})
    return table


def project(days, monitor, evaluate=""):
    made = Project(PROGRAM, history(days), prepare="", policy="never")
    with open(made.path("rondo.toml")) as file:
        toml = file.read()
    toml = toml.replace('metric = "mae"\n', "").replace("[evaluate]", "[evaluate]\n" + evaluate)
    made.write("rondo.toml", toml.replace("[monitor]", "[monitor]\n" + monitor))
    return made


class Losses(unittest.TestCase):
    def told(self, evaluate, monitor, name, words):
        """Harm under this loss: the card, the alarm and status call it so."""
        with project(115, monitor, evaluate) as made:
            made.run("replay", "--into", "past", "--from", "2024-03-11", check=0)
            past = made.path("past")
            card = made.json("models", "show", "v1", folder=past)["evaluation"]
            self.assertEqual(card["bound"]["loss"], name)
            status = made.json("status", folder=past)
            watch = status["watch"]
            self.assertIn(words, watch["loss"])
            risks = [one["sentence"] for one in made.json("alerts", "--all", folder=past)["alerts"]
                     if one["severity"] == "risk"]
            self.assertEqual(len(risks), 1, risks)
            self.assertGreaterEqual(risks[0].split("since ")[1][:10], "2024-03-21")
            self.assertIn(words, risks[0])
            return made.run("status", folder=past, check=0).stdout

    def test_the_auc_follows_the_metric(self):
        self.assertIn("judged pairs", self.told('metric = "auc"\n', "", "auc", "1 - AUC"))

    def test_costs_are_those_of_the_evaluation(self):
        self.told("cost = { fp = 1, fn = 3 }\n", 'loss = "cost"\n', "cost", "mean cost")

    def test_a_loss_of_another_task_is_refused(self):
        with project(10, 'loss = "absolute"\n') as made:
            said = made.run("check")
            self.assertNotEqual(said.returncode, 0)
            self.assertIn("monitor.loss", said.stdout + said.stderr)
        with project(10, 'loss = "cost"\n') as made:
            said = made.run("config")
            self.assertNotEqual(said.returncode, 0)
            self.assertIn("nothing has a price", said.stderr)
        with project(10, "audit_per_day = 5\n", 'metric = "auc"\n') as made:
            said = made.run("config")
            self.assertNotEqual(said.returncode, 0)
            self.assertIn("monitor.audit_per_day", said.stderr)


class Audits(unittest.TestCase):
    def test_few_labels_that_were_asked_for_find_the_harm(self):
        with project(115, "audit_per_day = 40\n") as made:
            for folder in ("past", "again"):
                made.run("replay", "--into", folder, "--from", "2024-03-11", check=0)
            past = made.path("past")
            view = made.json("audit", folder=past)
            self.assertEqual(view["per_day"], 40)
            self.assertEqual(view, made.json("audit", folder=made.path("again")))
            judged = view["judged"]
            days = judged["rows"] and made.json("status", folder=past)["watch"]["judged_days"]
            self.assertGreater(days, 25)
            self.assertLess(abs(judged["asked"] - 40 * days), 8 * math.sqrt(40 * days))
            self.assertEqual(judged["answered"], judged["asked"])
            self.assertTrue(all(0 < one["probability"] <= 1 for one in view["asked"]))
            risks = [one["sentence"] for one in made.json("alerts", "--all", folder=past)["alerts"]
                     if one["severity"] == "risk"]
            self.assertEqual(len(risks), 1, risks)
            self.assertIn("rows judged by audits", risks[0])
            self.assertIn("since 2024-03-", risks[0])
            said = made.run("audit", folder=past, check=0).stdout
            self.assertIn("that were asked for came", said)

    def test_nobody_is_asked_by_default(self):
        with project(40, "") as made:
            made.run("run", check=0)
            self.assertIn("audit_per_day is 0", made.run("audit", check=0).stdout)
            self.assertEqual(made.json("audit")["asked"], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
